"""A read-write lock that prefers writers."""
import threading
from contextlib import contextmanager


class ReadWriteLock:
    def __init__(self):
        self._condition = threading.Condition()
        self._readers = self._waiting = 0
        self._writing = False

    @contextmanager
    def read(self):
        with self._condition:
            self._condition.wait_for(lambda: not self._writing and not self._waiting)
            self._readers += 1
        try:
            yield
        finally:
            with self._condition:
                self._readers -= 1
                if not self._readers:
                    self._condition.notify_all()

    @contextmanager
    def write(self):
        with self._condition:
            self._waiting += 1
            self._condition.wait_for(lambda: not self._writing and not self._readers)
            self._waiting -= 1
            self._writing = True
        try:
            yield
        finally:
            with self._condition:
                self._writing = False
                self._condition.notify_all()


def main():
    lock, pair, seen = ReadWriteLock(), [0, 0], []

    def reader():
        with lock.read():
            seen.append(pair[0] == pair[1])

    def writer(n):
        with lock.write():
            pair[0] = n
            pair[1] = n

    threads = [threading.Thread(target=reader, name="r1"), threading.Thread(target=writer, args=(1,), name="w1")]
    threads += [threading.Thread(target=reader, name="r2")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True, True]
    return pair
