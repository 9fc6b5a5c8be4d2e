"""Two hand a lock to and fro; the third one looks now and then, and always finds it taken."""

import threading
import time


def hog(lock, stop, pause):
    time.sleep(pause)
    while not stop:
        lock.acquire()
        time.sleep(2)
        lock.release()


def look(lock, stop):
    time.sleep(1)
    while not lock.acquire(blocking=False):
        time.sleep(2)
    stop.append(1)


def main():
    lock, stop = threading.Lock(), []
    threads = [
        threading.Thread(name="hog", target=hog, args=(lock, stop, 0)),
        threading.Thread(name="looker", target=look, args=(lock, stop)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
