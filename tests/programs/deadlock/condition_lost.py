"""The notification comes before the wait, and nothing but the notification was to tell."""

import threading


def main():
    changed = threading.Condition()

    def wait():
        with changed:
            changed.wait()

    def tell():
        with changed:
            changed.notify()

    threads = [threading.Thread(name=f.__name__, target=f) for f in (tell, wait)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
