"""The same with a clock that is handed in, so that the test need not wait."""
import threading


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


class Cache:
    def __init__(self, ttl, clock):
        self.ttl, self.clock, self.lock, self.data = ttl, clock, threading.RLock(), {}

    def put(self, key, value):
        with self.lock:
            self.data[key] = value, self.clock() + self.ttl

    def get(self, key):
        with self.lock:
            value, until = self.data.get(key, (None, 0))
            if self.clock() >= until:
                self.data.pop(key, None)
                return None
            return value


def main():
    clock = Clock()
    cache = Cache(10, clock)
    cache.put("a", 1)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(cache.get("a")), name=f"r{n}") for n in range(2)]
    clock.now = 11.0
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert seen == [None, None] and not cache.data
    return seen
