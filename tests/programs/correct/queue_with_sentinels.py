"""A queue, two workers, a sentinel for each, and join() on the queue."""

import queue
import threading


def main():
    jobs, done = queue.Queue(maxsize=2), []

    def work():
        while (job := jobs.get()) is not None:
            done.append(job)
            jobs.task_done()
        jobs.task_done()

    workers = [threading.Thread(name=f"worker {n}", target=work) for n in range(2)]
    for worker in workers:
        worker.start()
    for job in range(5):
        jobs.put(job)
    for _ in workers:
        jobs.put(None)
    jobs.join()
    for worker in workers:
        worker.join()
    return sorted(done)
