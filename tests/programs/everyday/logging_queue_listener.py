import logging
import logging.handlers
import queue
import threading


class Collect(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def main():
    records, sink = queue.Queue(), Collect()
    listener = logging.handlers.QueueListener(records, sink)
    logger = logging.Logger("app")
    logger.addHandler(logging.handlers.QueueHandler(records))
    listener.start()
    threads = [threading.Thread(target=logger.warning, args=("hello %d", n), name=f"t{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    listener.stop()
    assert sorted(sink.lines) == ["hello 0", "hello 1"]
    return sorted(sink.lines)
