"""One spins until the other one's object is gone: nothing may keep it alive."""

import threading
import weakref


class Cargo:
    pass


def hold(cargo, lock):
    for _ in range(20):
        with lock:
            last = cargo[0]
    cargo.clear()
    del last


def main():
    lock, cargo = threading.Lock(), [Cargo()]
    seen = weakref.ref(cargo[0])
    holder = threading.Thread(name="holder", target=hold, args=(cargo, lock))
    holder.start()
    while seen() is not None:
        lock.locked()
    holder.join()
