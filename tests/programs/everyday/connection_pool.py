import queue
import threading
from contextlib import contextmanager


class PoolExhausted(Exception):
    pass


class Pool:
    def __init__(self, size):
        self._free = queue.LifoQueue(size)
        for n in range(size):
            self._free.put(f"connection {n}")

    @contextmanager
    def connection(self, timeout=None):
        try:
            connection = self._free.get(timeout=timeout)
        except queue.Empty:
            raise PoolExhausted from None
        try:
            yield connection
        finally:
            self._free.put(connection)


def main():
    pool, in_use, lock, most = Pool(1), set(), threading.Lock(), []

    def client():
        with pool.connection() as connection:
            with lock:
                assert connection not in in_use
                in_use.add(connection)
                most.append(len(in_use))
            with lock:
                in_use.remove(connection)

    threads = [threading.Thread(target=client, name=f"client {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with pool.connection():
        try:
            with pool.connection(timeout=0.01):
                refused = False
        except PoolExhausted:
            refused = True
    assert refused and max(most) == 1
    return refused
