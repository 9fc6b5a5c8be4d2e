"""`sorted` calls back 150 times, always with the same argument, and keeps to itself how often it did."""

import threading


def main():
    lock, log = threading.Lock(), []

    def attempt(_):
        return lock.acquire(blocking=False)

    def work():
        log.append(len(sorted([0] * 150, key=attempt)))

    with lock:
        worker = threading.Thread(name="worker", target=work)
        worker.start()
        worker.join()
    return log
