import threading
from concurrent.futures import ThreadPoolExecutor


class Progress:
    def __init__(self, total):
        self.lock, self.done, self.total = threading.Lock(), 0, total
        self.complete = threading.Event()

    def tick(self, future):
        assert future.done()
        with self.lock:
            self.done += 1
            if self.done == self.total:
                self.complete.set()


def main():
    progress = Progress(3)
    with ThreadPoolExecutor(2) as pool:
        for n in range(3):
            pool.submit(divmod, n, 2).add_done_callback(progress.tick)
        assert progress.complete.wait()
    assert progress.done == 3
    return progress.done
