import threading
import time


class TokenBucket:
    def __init__(self, rate, capacity):
        self.rate, self.capacity, self.tokens = rate, capacity, capacity
        self.updated, self.lock = time.monotonic(), threading.Lock()

    def _refill(self):
        now = time.monotonic()
        self.tokens = min(self.capacity, self.tokens + (now - self.updated) * self.rate)
        self.updated = now

    def take(self):
        while True:
            with self.lock:
                self._refill()
                if self.tokens >= 1:
                    self.tokens -= 1
                    return
                wait = (1 - self.tokens) / self.rate
            time.sleep(wait)


def main():
    bucket, stamps, lock = TokenBucket(100.0, 2), [], threading.Lock()
    begin = time.monotonic()

    def client():
        for _ in range(2):
            bucket.take()
            with lock:
                stamps.append(time.monotonic() - begin)

    threads = [threading.Thread(target=client, name=f"client {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(stamps) == 4 and max(stamps) >= 0.019
    return len(stamps)
