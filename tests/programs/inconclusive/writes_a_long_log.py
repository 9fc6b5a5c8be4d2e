"""An endless loop that notes each of its turns."""

import threading


class Log:
    def __init__(self):
        self.lines = []


def main():
    log, lock = Log(), threading.Lock()

    def work():
        while True:
            with lock:
                log.lines.append("still here")

    worker = threading.Thread(name="worker", target=work)
    worker.start()
    worker.join()
