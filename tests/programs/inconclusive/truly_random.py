"""Threads that try again after a random choice of the operating system's."""

import secrets
import threading


def work(lock):
    while True:
        if lock.acquire(blocking=False) or secrets.randbelow(2) > 1:
            return


def main():
    lock = threading.Lock()
    lock.acquire()
    worker = threading.Thread(name="worker", target=work, args=(lock,))
    worker.start()
    worker.join()
