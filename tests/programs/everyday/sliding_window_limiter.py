import threading
import time
from collections import deque


class Limiter:
    """At most `calls` in any `period` seconds."""

    def __init__(self, calls, period):
        self.calls, self.period, self.times, self.lock = calls, period, deque(), threading.Lock()

    def try_acquire(self):
        with self.lock:
            now = time.monotonic()
            while self.times and now - self.times[0] >= self.period:
                self.times.popleft()
            if len(self.times) < self.calls:
                self.times.append(now)
                return True
            return False


def main():
    limiter, granted = Limiter(2, 1.0), []

    def caller(name):
        if limiter.try_acquire():
            granted.append(name)

    threads = [threading.Thread(target=caller, args=(n,), name=n) for n in ("a", "b", "c")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(granted) == 2
    return len(granted)
