"""An endless loop that goes round in C code."""

import itertools
import threading


def main():
    lock = threading.Lock()
    lock.acquire()

    def attempt(_):
        return lock.acquire(blocking=False)

    worker = threading.Thread(name="worker", target=lambda: any(map(attempt, itertools.repeat(None))))
    worker.start()
    worker.join()
