"""A mutual try-lock whose threads count their attempts: as far as the lab can see, something changes all the time."""

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
    b.acquire()
    one = threading.Thread(name="one", target=work, args=(a, b, log))
    one.start()
    one.join()
