import queue
import threading
import time


class Batcher(threading.Thread):
    """Hands on what came together: when there are `size` of them, or after `patience` seconds."""

    def __init__(self, size, patience):
        super().__init__(name="batcher")
        self.size, self.patience, self.items, self.batches = size, patience, queue.Queue(), []

    def run(self):
        open_ = True
        while open_:
            batch, until = [], None
            while len(batch) < self.size:
                timeout = None if until is None else max(0, until - time.monotonic())
                try:
                    item = self.items.get(timeout=timeout)
                except queue.Empty:
                    break
                if item is None:
                    open_ = False
                    break
                batch.append(item)
                if until is None:
                    until = time.monotonic() + self.patience
            if batch:
                self.batches.append(batch)


def main():
    batcher = Batcher(2, 0.05)
    batcher.start()
    for n in range(3):
        batcher.items.put(n)
    batcher.items.put(None)
    batcher.join()
    assert sum(batcher.batches, []) == [0, 1, 2] and all(len(b) <= 2 for b in batcher.batches)
    return sum(batcher.batches, [])
