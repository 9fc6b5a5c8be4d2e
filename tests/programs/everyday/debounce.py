import threading


class Debounce:
    """Calls once, `wait` seconds after the last of a series of calls."""

    def __init__(self, wait, function):
        self.wait, self.function = wait, function
        self.lock, self.timer, self.generation = threading.Lock(), None, 0

    def __call__(self):
        with self.lock:
            if self.timer is not None:
                self.timer.cancel()
            self.generation += 1
            self.timer = threading.Timer(self.wait, self._fire, (self.generation,))
            self.timer.start()

    def _fire(self, generation):
        with self.lock:
            if generation != self.generation:
                return
            self.timer = None
        self.function()


def main():
    fired = threading.Event()
    calls = []

    def save():
        calls.append("save")
        fired.set()

    trigger = Debounce(5.0, save)
    for _ in range(3):
        trigger()
    fired.wait()
    assert calls == ["save"]
    return calls
