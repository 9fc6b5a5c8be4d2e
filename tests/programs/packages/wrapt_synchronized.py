"""Methods behind wrapt's lock, which the first call makes; its classes answer for themselves when they are asked."""

import threading

import wrapt


class Counter:
    def __init__(self):
        self.value = 0

    @wrapt.synchronized
    def add(self, amount):
        self.value += amount


def main():
    counter = Counter()
    threads = [threading.Thread(target=counter.add, args=(n,), name=f"add {n}") for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counter.value
