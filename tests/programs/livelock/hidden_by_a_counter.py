"""Opposite orders again; each counts its attempts, and only counts them. Set aside: attempts."""

import threading


def work(first, second, log):
    attempts = 0
    while True:
        attempts += 1
        with first:
            if second.acquire(blocking=False):
                second.release()
                break
    log.append(attempts)


def main():
    a, b, log = threading.Lock(), threading.Lock(), []
    one = threading.Thread(name="one", target=work, args=(a, b, log))
    two = threading.Thread(name="two", target=work, args=(b, a, log))
    one.start()
    two.start()
    one.join()
    two.join()
    return log
