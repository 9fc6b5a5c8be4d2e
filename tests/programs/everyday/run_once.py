import threading


class Once:
    def __init__(self):
        self._lock, self._done = threading.Lock(), False

    def do(self, function):
        if self._done:
            return
        with self._lock:
            if not self._done:
                function()
                self._done = True


def main():
    once, calls = Once(), []
    threads = [threading.Thread(target=once.do, args=(lambda: calls.append(1),), name=f"t{n}") for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert calls == [1]
    return calls
