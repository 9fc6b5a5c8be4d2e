"""Two hogs give a lock to each other; the third one looks now and then, and either hog is enough to keep it out."""

import threading
import time


def hog(lock, stop):
    while not stop:
        with lock:
            time.sleep(2)


def look(lock, stop):
    time.sleep(1)
    while not lock.acquire(blocking=False):
        time.sleep(2)
    stop.append(1)
    lock.release()


def main():
    lock, stop = threading.Lock(), []
    threads = [threading.Thread(name=f"hog {n}", target=hog, args=(lock, stop)) for n in (1, 2)]
    threads.append(threading.Thread(name="looker", target=look, args=(lock, stop)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
