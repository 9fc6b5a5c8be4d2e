import io
import threading


class Log:
    def __init__(self, sink, interval):
        self.sink, self.interval = sink, interval
        self.lines, self.lock, self.closed = [], threading.Lock(), threading.Event()
        self.thread = threading.Thread(target=self._flush_now_and_then, name="flusher")
        self.thread.start()

    def write(self, line):
        with self.lock:
            self.lines.append(line)

    def flush(self):
        with self.lock:
            lines, self.lines = self.lines, []
        for line in lines:
            self.sink.write(line + "\n")

    def _flush_now_and_then(self):
        while not self.closed.wait(self.interval):
            self.flush()
        self.flush()

    def close(self):
        self.closed.set()
        self.thread.join()


def main():
    sink = io.StringIO()
    log = Log(sink, interval=0.01)
    for n in range(3):
        log.write(f"line {n}")
    log.close()
    assert sink.getvalue() == "line 0\nline 1\nline 2\n"
    return sink.getvalue().splitlines()
