"""An optimistic counter: whoever loses tries again, and somebody always wins."""

import threading


class Cell:
    def __init__(self):
        self.value = 0
        self.lock = threading.Lock()

    def swap(self, old, new):
        with self.lock:
            if self.value != old:
                return False
            self.value = new
            return True


def main():
    cell = Cell()

    def add():
        for _ in range(4):
            while True:
                seen = cell.value
                if cell.swap(seen, seen + 1):
                    break

    threads = [threading.Thread(name=f"adder {n}", target=add) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return cell.value
