"""One needs two permits at once and gives the first one back when it finds no second; others are content with one."""

import threading
import time


def modest(permits, stop, start):
    time.sleep(start)
    while not stop:
        permits.acquire()
        time.sleep(2)
        permits.release()


def demanding(permits, stop):
    time.sleep(1.5)
    while not permits.acquire(blocking=False):
        time.sleep(1)
    stop.append(1)


def main():
    permits, stop = threading.Semaphore(2), []
    threads = [threading.Thread(name=f"modest {n}", target=modest, args=(permits, stop, n)) for n in range(2)]
    threads.append(threading.Thread(name="demanding", target=demanding, args=(permits, stop)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
