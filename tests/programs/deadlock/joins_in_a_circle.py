"""Two wait for each other's end."""

import threading


def main():
    threads = []

    def wait(n):
        while len(threads) < 2:
            pass
        threads[1 - n].join()

    threads += [threading.Thread(name=name, target=wait, args=(n,)) for n, name in enumerate(("one", "two"))]
    for thread in threads:
        thread.start()
    for thread in list(threads):
        thread.join()
