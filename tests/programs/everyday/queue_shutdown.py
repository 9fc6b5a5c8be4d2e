"""Since 3.13 a queue can be shut down; before, a sentinel that is passed on does the same."""
import queue
import sys
import threading


def consume(jobs, out):
    while True:
        try:
            job = jobs.get()
        except queue.ShutDown:
            return
        out.append(job)


def consume_until_none(jobs, out):
    while (job := jobs.get()) is not None:
        out.append(job)
    jobs.put(None)


def main():
    jobs, out = queue.Queue(), []
    modern = sys.version_info >= (3, 13)
    target = consume if modern else consume_until_none
    threads = [threading.Thread(target=target, args=(jobs, out), name=f"c{n}") for n in range(2)]
    for thread in threads:
        thread.start()
    for n in range(3):
        jobs.put(n)
    jobs.shutdown() if modern else jobs.put(None)
    for thread in threads:
        thread.join()
    assert sorted(out) == [0, 1, 2]
    return sorted(out)
