"""Two wait for each other's end."""

import threading


def main():
    threads, started = [], threading.Event()

    def wait(n):
        started.wait()
        threads[1 - n].join()

    threads += [threading.Thread(name=name, target=wait, args=(n,)) for n, name in enumerate(("one", "two"))]
    for thread in threads:
        thread.start()
    started.set()
    for thread in threads:
        thread.join()
