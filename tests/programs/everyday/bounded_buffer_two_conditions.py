import threading
from collections import deque


class Buffer:
    def __init__(self, size):
        self.items, self.size = deque(), size
        self.lock = threading.Lock()
        self.not_full, self.not_empty = threading.Condition(self.lock), threading.Condition(self.lock)

    def put(self, item):
        with self.not_full:
            while len(self.items) >= self.size:
                self.not_full.wait()
            self.items.append(item)
            self.not_empty.notify()

    def get(self):
        with self.not_empty:
            while not self.items:
                self.not_empty.wait()
            item = self.items.popleft()
            self.not_full.notify()
            return item


def main():
    buffer, got = Buffer(1), []

    def produce(base):
        for n in range(2):
            buffer.put(base + n)

    def consume():
        got.append(buffer.get())
        got.append(buffer.get())

    threads = [threading.Thread(target=produce, args=(base,), name=f"p{base}") for base in (10, 20)]
    threads += [threading.Thread(target=consume, name=f"c{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(got) == [10, 11, 20, 21]
    return sorted(got)
