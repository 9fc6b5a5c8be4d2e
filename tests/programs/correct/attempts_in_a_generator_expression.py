"""`any` consumes a generator expression over equal elements: what is left is known to C code only."""

import itertools
import threading


def attempt(lock, log):
    if not any(lock.acquire(blocking=False) for _ in itertools.repeat(None, 150)):
        log.append("given up")


def main():
    lock, log = threading.Lock(), []
    with lock:
        worker = threading.Thread(name="worker", target=attempt, args=(lock, log))
        worker.start()
        worker.join()
    return log
