"""The worker returns early and never says that it is ready; main spins, alone."""

import threading


class Worker:
    def __init__(self, jobs):
        self.jobs = jobs
        self.ready = False

    def run(self):
        if not self.jobs:
            return
        self.ready = True


def main():
    worker = Worker([])
    thread = threading.Thread(name="worker", target=worker.run)
    thread.start()
    while not worker.ready:
        pass
