"""The consumer waits for an item with the lock in hand that the producer needs first."""

import queue
import threading


def consume(lock, items):
    with lock:
        return items.get()


def produce(lock, items):
    with lock:
        items.put(1)


def main():
    lock, items = threading.Lock(), queue.Queue()
    for work in (consume, produce):
        threading.Thread(name=work.__name__, target=work, args=(lock, items)).start()
