"""A thread ends with the lock in its hand; another one tries to take it, every second."""

import threading
import time


def take_and_go(lock):
    lock.acquire()


def main():
    lock = threading.Lock()
    thief = threading.Thread(name="thief", target=take_and_go, args=(lock,))
    thief.start()
    thief.join()
    while not lock.acquire(blocking=False):
        time.sleep(1)
