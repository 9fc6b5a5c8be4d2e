"""A deadlock is dissolved by timeouts, and closes again: both wait equally long and let go at the same moment."""

import threading
import time


def work(first, second):
    while True:
        with first:
            if second.acquire(timeout=1):
                second.release()
                return
            time.sleep(0.1)  # to write down what has happened


def main():
    a, b = threading.Lock(), threading.Lock()
    one = threading.Thread(name="one", target=work, args=(a, b))
    two = threading.Thread(name="two", target=work, args=(b, a))
    one.start()
    two.start()
    one.join()
    two.join()
