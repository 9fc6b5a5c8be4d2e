"""Two producers and two consumers share a buffer of two places, guarded by one condition."""

import threading


class Buffer:
    def __init__(self):
        self.items = []
        self.changed = threading.Condition()

    def put(self, item):
        with self.changed:
            while len(self.items) == 2:
                self.changed.wait()
            self.items.append(item)
            self.changed.notify_all()

    def get(self):
        with self.changed:
            while not self.items:
                self.changed.wait()
            self.changed.notify_all()
            return self.items.pop(0)


def main():
    buffer, got = Buffer(), []

    def produce(start):
        for n in range(start, start + 4):
            buffer.put(n)

    def consume():
        for _ in range(4):
            got.append(buffer.get())

    threads = [threading.Thread(name=f"producer {n}", target=produce, args=(n,)) for n in (0, 4)]
    threads += [threading.Thread(name=f"consumer {n}", target=consume) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(got)
