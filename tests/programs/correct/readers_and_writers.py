"""Readers share, writers exclude, and a waiting writer keeps new readers out."""

import threading


class Guard:
    def __init__(self):
        self.readers = self.waiting = 0
        self.writing = False
        self.changed = threading.Condition()

    def read(self, look):
        with self.changed:
            self.changed.wait_for(lambda: not self.writing and not self.waiting)
            self.readers += 1
        look()
        with self.changed:
            self.readers -= 1
            self.changed.notify_all()

    def write(self, change):
        with self.changed:
            self.waiting += 1
            self.changed.wait_for(lambda: not self.writing and not self.readers)
            self.waiting -= 1
            self.writing = True
        change()
        with self.changed:
            self.writing = False
            self.changed.notify_all()


def main():
    guard, value, seen = Guard(), [0], []

    def reader():
        for _ in range(3):
            guard.read(lambda: seen.append(value[0]))

    def writer():
        for _ in range(3):
            guard.write(lambda: value.__setitem__(0, value[0] + 1))

    threads = [threading.Thread(name=f"reader {n}", target=reader) for n in range(2)]
    threads += [threading.Thread(name=f"writer {n}", target=writer) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return value[0], len(seen)
