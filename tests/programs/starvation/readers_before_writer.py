"""Two readers overlap for ever; the writer waits until nobody reads."""

import threading


class Guard:
    def __init__(self):
        self.readers = 0
        self.stop = False
        self.lock = threading.Lock()
        self.free = threading.Condition(self.lock)


def read(guard):
    while not guard.stop:
        with guard.lock:
            guard.readers += 1
        with guard.lock:
            guard.readers -= 1
            if guard.readers == 0:
                guard.free.notify()


def write(guard):
    with guard.lock:
        while guard.readers:
            guard.free.wait()
        guard.stop = True


def main():
    guard = Guard()
    threads = [threading.Thread(name=f"reader {n}", target=read, args=(guard,)) for n in range(2)]
    threads.append(threading.Thread(name="writer", target=write, args=(guard,)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
