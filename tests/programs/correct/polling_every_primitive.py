"""Timed waits on an event, a semaphore, a lock, a condition and a thread, each refused many times, then granted."""

import threading
import time


def main():
    event, permits, lock = threading.Event(), threading.Semaphore(0), threading.Lock()
    changed, state = threading.Condition(), []

    def serve():
        with lock:
            time.sleep(2)
            event.set()
            time.sleep(2)
            permits.release()
            time.sleep(2)
        time.sleep(2)
        with changed:
            state.append("changed")
            changed.notify()
        time.sleep(2)

    server = threading.Thread(name="server", target=serve)
    server.start()
    while not event.wait(timeout=0.3):
        pass
    while not permits.acquire(timeout=0.3):
        pass
    while not lock.acquire(timeout=0.3):
        pass
    with changed:
        while not changed.wait_for(lambda: state, timeout=0.3):
            pass
    while server.is_alive():
        server.join(timeout=0.3)
    return state
