"""A daemon takes jobs for ever; main waits until all are done and leaves it there."""

import queue
import threading


def main():
    jobs, done = queue.Queue(), []

    def work():
        while True:
            done.append(jobs.get())
            jobs.task_done()

    threading.Thread(name="worker", target=work, daemon=True).start()
    for job in range(4):
        jobs.put(job)
    jobs.join()
    return done
