import threading
import time


class SpinLock:
    def __init__(self):
        self._flag = threading.Lock()

    def __enter__(self):
        pause = 1e-6
        while not self._flag.acquire(blocking=False):
            time.sleep(pause)
            pause = min(pause * 2, 1e-3)

    def __exit__(self, *error):
        self._flag.release()


def main():
    lock, n = SpinLock(), [0]

    def add():
        for _ in range(2):
            with lock:
                n[0] += 1

    threads = [threading.Thread(target=add, name=f"t{i}") for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert n == [4]
    return n
