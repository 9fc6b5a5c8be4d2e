import threading
import time


class Throttle:
    def __init__(self, interval):
        self.interval, self.lock, self.next = interval, threading.Lock(), time.monotonic()

    def wait(self):
        with self.lock:
            now = time.monotonic()
            at = max(now, self.next)
            self.next = at + self.interval
        if at > now:
            time.sleep(at - now)
        return at


def main():
    throttle, starts = Throttle(0.01), []

    def caller():
        for _ in range(2):
            starts.append(throttle.wait())

    threads = [threading.Thread(target=caller, name=f"caller {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    starts.sort()
    assert all(b - a >= 0.0099 for a, b in zip(starts, starts[1:]))
    return len(starts)
