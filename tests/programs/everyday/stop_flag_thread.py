import threading
import time


class Sampler(threading.Thread):
    def __init__(self):
        super().__init__(name="sampler")
        self._stop_requested, self.samples = threading.Event(), []

    def run(self):
        while not self._stop_requested.is_set():
            self.samples.append(time.monotonic())
            self._stop_requested.wait(0.01)

    def stop(self):
        self._stop_requested.set()
        self.join()


def main():
    sampler = Sampler()
    sampler.start()
    time.sleep(0.05)
    sampler.stop()
    assert sampler.samples == sorted(sampler.samples)
    return not sampler.is_alive()
