"""Opposite orders, but the pauses differ: the two get out of step."""

import threading
import time


def work(first, second, pause, log):
    while True:
        with first:
            time.sleep(0.001)
            if second.acquire(blocking=False):
                log.append(pause)
                second.release()
                return
        time.sleep(pause)


def main():
    a, b, log = threading.Lock(), threading.Lock(), []
    quick = threading.Thread(name="quick", target=work, args=(a, b, 0.0005, log))
    slow = threading.Thread(name="slow", target=work, args=(b, a, 0.01, log))
    quick.start()
    slow.start()
    quick.join()
    slow.join()
    return sorted(log)
