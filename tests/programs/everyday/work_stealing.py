import threading
from collections import deque


class Worker(threading.Thread):
    def __init__(self, number, tasks):
        super().__init__(name=f"worker {number}")
        self.tasks, self.others, self.done = deque(tasks), [], []

    def take(self):
        try:
            return self.tasks.pop()
        except IndexError:
            pass
        for other in self.others:
            try:
                return other.tasks.popleft()
            except IndexError:
                continue
        return None

    def run(self):
        while (task := self.take()) is not None:
            self.done.append(task)


def main():
    workers = [Worker(0, [1, 2, 3]), Worker(1, [])]
    for worker in workers:
        worker.others = [other for other in workers if other is not worker]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    everything = sorted(task for worker in workers for task in worker.done)
    assert everything == [1, 2, 3]
    return everything
