"""A busy wait: nobody sleeps, so nothing but the wait itself lets time pass."""

import threading
import time


def wait(log):
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        pass
    log.append("awake")


def main():
    log = []
    worker = threading.Thread(name="worker", target=wait, args=(log,))
    worker.start()
    while not log:
        pass
    worker.join()
    return log
