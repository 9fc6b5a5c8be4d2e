"""The lock is free now and then, and the victim is there, but two pass it to each other every time."""

import threading


def taker(lock, taken, stop):
    while not stop:
        lock.acquire()
        taken.release()


def victim(lock, taken, stop):
    with lock:
        stop.append(1)


def giver(lock, taken, stop):
    while not stop:
        if taken.acquire(timeout=1):
            lock.release()


def main():
    lock, taken, stop = threading.Lock(), threading.Lock(), []
    lock.acquire()
    threads = [threading.Thread(name=f.__name__, target=f, args=(lock, taken, stop)) for f in (taker, victim, giver)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
