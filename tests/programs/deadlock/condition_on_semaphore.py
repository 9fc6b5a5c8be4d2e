"""A condition on a semaphore instead of a lock: the notification comes before anybody waits for it."""

import threading

permit = threading.Semaphore(1)
changed = threading.Condition(permit)


def wait():
    with changed:
        changed.wait()


def tell():
    with changed:
        changed.notify()


def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (wait, tell)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
