"""A circle of three: a lock, an event, and the end of a thread."""

import threading


def main():
    lock, ready = threading.Lock(), threading.Event()

    def wait():
        with lock:
            ready.wait()

    def use():
        with lock:
            pass

    def announce():
        user.join()
        ready.set()

    waiter = threading.Thread(name="waiter", target=wait)
    user = threading.Thread(name="user", target=use)
    announcer = threading.Thread(name="announcer", target=announce)
    for thread in (waiter, user, announcer):
        thread.start()
