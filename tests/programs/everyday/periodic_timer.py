import threading


class Periodic:
    def __init__(self, interval, function):
        self.interval, self.function, self.lock, self.stopped = interval, function, threading.Lock(), False
        self._arm()

    def _arm(self):
        self.timer = threading.Timer(self.interval, self._fire)
        self.timer.daemon = True
        self.timer.start()

    def _fire(self):
        self.function()
        with self.lock:
            if not self.stopped:
                self._arm()

    def stop(self):
        with self.lock:
            self.stopped = True
            self.timer.cancel()


def main():
    ticks, enough = [], threading.Event()

    def tick():
        ticks.append(len(ticks))
        if len(ticks) >= 3:
            enough.set()

    periodic = Periodic(0.01, tick)
    enough.wait()
    periodic.stop()
    return len(ticks) >= 3
