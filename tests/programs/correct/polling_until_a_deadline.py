"""A poll with a deadline on the clock: no variable changes, only the time does."""

import threading
import time


def poll(lock, log):
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if lock.acquire(blocking=False):
            break
        time.sleep(0.05)
    log.append("given up")


def main():
    lock, log = threading.Lock(), []
    with lock:
        worker = threading.Thread(name="worker", target=poll, args=(lock, log))
        worker.start()
        worker.join()
    return log
