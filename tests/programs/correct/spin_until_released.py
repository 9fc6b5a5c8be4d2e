"""One spins on a flag, the other one sets it after much work of its own."""

import threading


class Shared:
    def __init__(self):
        self.ready = False
        self.sum = 0


def work(shared):
    for n in range(400):
        shared.sum += n
    shared.ready = True


def main():
    shared = Shared()
    worker = threading.Thread(name="worker", target=work, args=(shared,))
    worker.start()
    while not shared.ready:
        pass
    return shared.sum
