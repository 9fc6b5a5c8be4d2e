"""A loop that waits for a file."""

import os
import threading
import time


def main():
    def wait():
        while "no such file" not in os.listdir("/"):
            time.sleep(1)

    waiter = threading.Thread(name="waiter", target=wait)
    waiter.start()
    waiter.join()
