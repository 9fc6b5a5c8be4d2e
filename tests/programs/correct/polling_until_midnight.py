"""A poll until the clock shows a full minute: nothing is remembered from turn to turn."""

import threading
import time


def poll(log):
    while int(time.time()) % 60:
        time.sleep(1)
    log.append("midnight")


def main():
    log = []
    worker = threading.Thread(name="worker", target=poll, args=(log,))
    worker.start()
    worker.join()
    return log
