"""The loop's end depends on an object written in C that shows nothing of its state."""

import re
import threading


def main():
    lock, words = threading.Lock(), re.finditer("x", "x" * 100_000)

    def work():
        while next(words, None):
            with lock:
                pass

    worker = threading.Thread(name="worker", target=work)
    worker.start()
    worker.join()
