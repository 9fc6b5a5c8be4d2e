"""`next(counter)` of an itertools.count in a closure decides."""

import itertools
import threading


def main():
    lock, counter, log = threading.Lock(), itertools.count(), []

    def work():
        while next(counter) < 150:
            lock.acquire(blocking=False)
        log.append("done")

    with lock:
        worker = threading.Thread(name="worker", target=work)
        worker.start()
        worker.join()
    return log
