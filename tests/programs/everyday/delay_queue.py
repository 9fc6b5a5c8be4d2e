import heapq
import threading
import time


class DelayQueue:
    def __init__(self):
        self.heap, self.changed = [], threading.Condition()

    def put(self, item, delay):
        with self.changed:
            heapq.heappush(self.heap, (time.monotonic() + delay, item))
            self.changed.notify()

    def get(self):
        with self.changed:
            while True:
                if not self.heap:
                    self.changed.wait()
                    continue
                left = self.heap[0][0] - time.monotonic()
                if left <= 0:
                    return heapq.heappop(self.heap)[1]
                self.changed.wait(left)


def main():
    items, got = DelayQueue(), []

    def take():
        for _ in range(2):
            got.append(items.get())

    taker = threading.Thread(target=take, name="taker")
    taker.start()
    items.put("later", 0.5)
    items.put("sooner", 0.1)
    taker.join()
    assert sorted(got) == ["later", "sooner"]
    return got
