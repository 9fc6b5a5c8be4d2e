"""Eight threads wait for what nobody will do any more, each at another primitive."""

import queue
import threading


def main():
    permits, event, barrier = threading.Semaphore(0), threading.Event(), threading.Barrier(2)
    changed, lock = threading.Condition(), threading.Lock()
    empty, full, unfinished = queue.Queue(), queue.Queue(maxsize=1), queue.Queue()
    full.put(1)
    unfinished.put(1)

    def wait_for_change():
        with changed:
            changed.wait()

    def steal():
        lock.acquire()

    waits = {
        "permit": permits.acquire,
        "event": event.wait,
        "barrier": barrier.wait,
        "change": wait_for_change,
        "item": empty.get,
        "room": lambda: full.put(2),
        "all done": unfinished.join,
    }
    thief = threading.Thread(name="thief", target=steal)
    thief.start()
    thief.join()
    threads = [threading.Thread(name=name, target=wait) for name, wait in waits.items()]
    threads.append(threading.Thread(name="locked out", target=lambda: lock.acquire()))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
