"""Hazard-like counting: who takes the last reference closes."""
import threading


class Shared:
    def __init__(self):
        self.references, self.lock, self.closed = 1, threading.Lock(), 0

    def __enter__(self):
        with self.lock:
            if not self.references:
                raise RuntimeError("closed")
            self.references += 1
        return self

    def __exit__(self, *error):
        with self.lock:
            self.references -= 1
            last = self.references == 0
        if last:
            self.closed += 1

    close = __exit__


def main():
    shared, log = Shared(), []

    def use():
        try:
            with shared as one:
                assert one.references > 0 and not one.closed
                log.append("used")
        except RuntimeError:
            log.append("too late")

    threads = [threading.Thread(target=use, name=f"user {n}") for n in range(2)]
    for t in threads:
        t.start()
    shared.close()
    for t in threads:
        t.join()
    assert shared.closed == 1 and len(log) == 2
    return shared.closed
