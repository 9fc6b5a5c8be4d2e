"""Two Locks in opposite orders; main looks every second whether the two have finished."""

import threading
import time


def work(first, second):
    with first:
        with second:
            pass


def main():
    a, b = threading.Lock(), threading.Lock()
    one = threading.Thread(name="one", target=work, args=(a, b))
    two = threading.Thread(name="two", target=work, args=(b, a))
    one.start()
    two.start()
    while one.is_alive() or two.is_alive():
        time.sleep(1)
