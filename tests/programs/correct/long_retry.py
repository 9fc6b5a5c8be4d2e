"""200 attempts to take a lock that somebody holds all the while: long, but it ends."""

import threading


def attempt(lock, log):
    attempts = 0
    while attempts < 200 and not lock.acquire(blocking=False):
        attempts += 1
    log.append(attempts)


def main():
    lock, log = threading.Lock(), []
    with lock:
        worker = threading.Thread(name="worker", target=attempt, args=(lock, log))
        worker.start()
        worker.join()
    return log
