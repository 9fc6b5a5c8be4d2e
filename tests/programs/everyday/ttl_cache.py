import threading
import time


class TTLCache:
    def __init__(self, ttl):
        self.ttl, self.lock, self.data = ttl, threading.Lock(), {}

    def get_or_set(self, key, make):
        with self.lock:
            hit = self.data.get(key)
            if hit is not None and time.monotonic() < hit[1]:
                return hit[0]
            value = make()
            self.data[key] = value, time.monotonic() + self.ttl
            return value


def main():
    cache, made = TTLCache(60), []

    def make():
        made.append(len(made))
        return made[-1]

    got = []
    threads = [threading.Thread(target=lambda: got.append(cache.get_or_set("k", make)), name=f"t{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [0, 0]
    return made
