import logging
import threading
import time

log = logging.getLogger("retry")


class Flaky:
    def __init__(self, failures):
        self.left, self.lock = failures, threading.Lock()

    def call(self):
        with self.lock:
            if self.left:
                self.left -= 1
                raise ConnectionError("not yet")
            return "ok"


def with_retries(function, attempts, delay):
    for attempt in range(1, attempts + 1):
        try:
            return function()
        except ConnectionError as error:
            if attempt == attempts:
                raise
            log.info("attempt %d: %s", attempt, error)
            time.sleep(delay * 2 ** (attempt - 1))


def main():
    service, answers = Flaky(2), []
    threads = [
        threading.Thread(target=lambda: answers.append(with_retries(service.call, 3, 0.01)), name=f"caller {n}")
        for n in range(2)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert answers == ["ok", "ok"]
    return answers
