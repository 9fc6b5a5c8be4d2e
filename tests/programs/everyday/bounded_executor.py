import threading
from concurrent.futures import ThreadPoolExecutor


class BoundedExecutor:
    """Blocks who submits while too much is waiting."""

    def __init__(self, workers, waiting):
        self._pool, self._room = ThreadPoolExecutor(workers), threading.BoundedSemaphore(workers + waiting)

    def submit(self, function, *args):
        self._room.acquire()
        try:
            future = self._pool.submit(function, *args)
        except BaseException:
            self._room.release()
            raise
        future.add_done_callback(lambda _: self._room.release())
        return future

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self._pool.shutdown()


def main():
    with BoundedExecutor(1, 1) as pool:
        futures = [pool.submit(pow, 2, n) for n in range(4)]
    assert [f.result() for f in futures] == [1, 2, 4, 8]
    return [f.result() for f in futures]
