"""A thread throws a loaded coin until it shows heads: no variable tells how long that will take."""

import threading
from random import random


def throw(lock):
    while random() > 0.02:
        with lock:
            pass


def main():
    lock = threading.Lock()
    threads = [threading.Thread(name=f"thrower {n}", target=throw, args=(lock,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
