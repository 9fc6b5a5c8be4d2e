"""A generator counts; its frame is the only place where the number can be seen."""

import threading


def times(n):
    while n:
        n -= 1
        yield


def attempt(lock, log):
    for _ in times(150):
        lock.acquire(blocking=False)
    log.append("done")


def main():
    lock, log = threading.Lock(), []
    with lock:
        worker = threading.Thread(name="worker", target=attempt, args=(lock, log))
        worker.start()
        worker.join()
    return log
