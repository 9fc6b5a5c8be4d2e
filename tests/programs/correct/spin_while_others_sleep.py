"""One spins on a flag while the other one sleeps a little, thirty times: time must pass although somebody is busy."""

import threading
import time


class Shared:
    ready = False


def work(shared):
    for _ in range(30):
        time.sleep(0.7)
    shared.ready = True


def main():
    shared = Shared()
    worker = threading.Thread(name="worker", target=work, args=(shared,))
    worker.start()
    while not shared.ready:
        pass
    return time.monotonic() > 1020
