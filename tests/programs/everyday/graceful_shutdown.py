import queue
import threading


class Service:
    def __init__(self):
        self.jobs, self.stopping, self.handled = queue.Queue(), threading.Event(), []
        self.thread = threading.Thread(target=self._loop, name="service")

    def start(self):
        self.thread.start()

    def _loop(self):
        while True:
            try:
                job = self.jobs.get(timeout=0.02)
            except queue.Empty:
                if self.stopping.is_set() and self.jobs.empty():
                    return
                continue
            self.handled.append(job)

    def stop(self):
        self.stopping.set()
        self.thread.join()


def main():
    service = Service()
    service.start()
    for n in range(3):
        service.jobs.put(n)
    service.stop()
    assert service.handled == [0, 1, 2]
    return service.handled
