import itertools
import queue
import threading


class Dispatcher:
    def __init__(self):
        self.queue, self.number, self.lock = queue.PriorityQueue(), itertools.count(), threading.Lock()

    def submit(self, priority, function):
        with self.lock:
            self.queue.put((priority, next(self.number), function))

    def drain(self):
        out = []
        while True:
            try:
                _, _, function = self.queue.get_nowait()
            except queue.Empty:
                return out
            out.append(function())


def main():
    dispatcher = Dispatcher()

    def client(name):
        dispatcher.submit(1, lambda: f"{name} later")
        dispatcher.submit(0, lambda: f"{name} now")

    threads = [threading.Thread(target=client, args=(n,), name=n) for n in ("ann", "bob")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    out = dispatcher.drain()
    assert [text.split()[1] for text in out] == ["now", "now", "later", "later"]
    return sorted(out)
