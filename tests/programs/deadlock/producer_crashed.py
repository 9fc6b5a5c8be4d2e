"""The producer dies of its second item; the consumer waits for it."""

import queue
import threading


def main():
    jobs = queue.Queue()

    def produce():
        for item in (1, "two", 3):
            jobs.put(item + 0)

    def consume():
        for _ in range(3):
            jobs.get()

    threads = [threading.Thread(name=f.__name__, target=f) for f in (produce, consume)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
