"""Three philosophers put the first fork back when the second is taken, and pause equally long."""

import threading
import time


def dine(first, second):
    while True:
        with first:
            time.sleep(0.001)
            if second.acquire(blocking=False):
                second.release()
                return
        time.sleep(0.001)


def main():
    forks = [threading.Lock() for _ in range(3)]
    threads = [
        threading.Thread(name=f"philosopher {n}", target=dine, args=(forks[n], forks[(n + 1) % 3])) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
