"""Each holds what the other one tries; no pause."""

import threading


def work(first, second):
    while True:
        with first:
            if second.acquire(blocking=False):
                second.release()
                return


def main():
    a, b = threading.Lock(), threading.Lock()
    one = threading.Thread(name="one", target=work, args=(a, b))
    two = threading.Thread(name="two", target=work, args=(b, a))
    one.start()
    two.start()
    one.join()
    two.join()
