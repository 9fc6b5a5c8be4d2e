"""Two take two locks in opposite orders and step back for a random time: that ends, sooner or later."""

import random
import threading
import time


def work(first, second, log):
    while True:
        with first:
            if second.acquire(blocking=False):
                second.release()
                log.append("done")
                return
        time.sleep(random.uniform(0, 0.01))


def main():
    a, b, log = threading.Lock(), threading.Lock(), []
    one = threading.Thread(name="one", target=work, args=(a, b, log))
    two = threading.Thread(name="two", target=work, args=(b, a, log))
    one.start()
    two.start()
    one.join()
    two.join()
    return log
