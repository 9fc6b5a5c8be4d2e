"""Random back-off that never helps: no state comes again, whatever one waits for."""

import random
import threading
import time


def main():
    lock = threading.Lock()
    lock.acquire()

    def work():
        while not lock.acquire(blocking=False):
            time.sleep(random.random())

    worker = threading.Thread(name="worker", target=work)
    worker.start()
    worker.join()
