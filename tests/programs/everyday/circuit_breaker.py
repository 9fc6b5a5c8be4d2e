import threading
import time


class Open(Exception):
    pass


class Breaker:
    def __init__(self, limit, rest):
        self.limit, self.rest, self.lock = limit, rest, threading.Lock()
        self.failures, self.opened = 0, None

    def call(self, function):
        with self.lock:
            if self.opened is not None:
                if time.monotonic() - self.opened < self.rest:
                    raise Open
                self.opened, self.failures = None, self.limit - 1
        try:
            result = function()
        except ValueError:
            with self.lock:
                self.failures += 1
                if self.failures >= self.limit:
                    self.opened = time.monotonic()
            raise
        with self.lock:
            self.failures = 0
        return result


def main():
    breaker, log = Breaker(limit=2, rest=3600), []

    def client():
        for _ in range(2):
            try:
                breaker.call(lambda: int("x"))
            except Open:
                log.append("open")
            except ValueError:
                log.append("failed")

    threads = [threading.Thread(target=client, name=f"client {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    try:
        breaker.call(lambda: 1)
        last = "closed"
    except Open:
        last = "open"
    assert last == "open" and 2 <= log.count("failed") <= 4
    return last
