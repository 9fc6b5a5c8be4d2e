"""A timer is cancelled before it fires, another one fires."""

import threading
import time


def main():
    log, fired = [], threading.Event()
    never = threading.Timer(5, lambda: log.append("never"))
    never.start()
    threading.Timer(2, fired.set).start()
    time.sleep(1)
    never.cancel()
    fired.wait()
    never.join()
    return log
