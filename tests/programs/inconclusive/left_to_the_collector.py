"""One spins until an object is gone that holds on to itself: only the garbage collector ends that, some day."""

import threading
import weakref


class Cargo:
    def __init__(self):
        self.myself = self


def main():
    lock, seen = threading.Lock(), weakref.ref(Cargo())

    def wait():
        while seen() is not None:
            with lock:
                pass

    waiter = threading.Thread(name="waiter", target=wait)
    waiter.start()
    waiter.join()
