"""The count of attempts lies in an iterator whose elements are all the same."""

import itertools
import threading


def attempt(lock, log):
    for _ in itertools.repeat(None, 200):
        if lock.acquire(blocking=False):
            break
    log.append("done")


def main():
    lock, log = threading.Lock(), []
    with lock:
        worker = threading.Thread(name="worker", target=attempt, args=(lock, log))
        worker.start()
        worker.join()
    return log
