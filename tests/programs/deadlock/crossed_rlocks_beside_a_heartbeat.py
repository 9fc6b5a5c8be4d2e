"""Two RLocks in opposite orders; a daemon goes on beating."""

import threading
import time


def beat():
    while True:
        time.sleep(1)


def work(first, second):
    with first:
        with second:
            pass


def main():
    a, b = threading.RLock(), threading.RLock()
    threading.Thread(name="heartbeat", target=beat, daemon=True).start()
    threads = [threading.Thread(name=name, target=work, args=pair) for name, pair in (("one", (a, b)), ("two", (b, a)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
