"""An endless loop that looks at the clock: for all the lab knows, it may end at the right time."""

import threading
import time


def wait():
    while time.monotonic() > 0:
        time.sleep(1)


def main():
    waiter = threading.Thread(name="waiter", target=wait)
    waiter.start()
    waiter.join()
