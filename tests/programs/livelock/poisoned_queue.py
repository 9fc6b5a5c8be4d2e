"""A job that cannot be done goes back into the queue, for ever; another worker waits for its result."""

import queue
import threading


def work(jobs, done):
    while True:
        job = jobs.get()
        if job == "good":
            done.set()
            return
        jobs.put(job)


def main():
    jobs, done = queue.Queue(), threading.Event()
    jobs.put("bad")
    worker = threading.Thread(name="worker", target=work, args=(jobs, done))
    worker.start()
    done.wait()
