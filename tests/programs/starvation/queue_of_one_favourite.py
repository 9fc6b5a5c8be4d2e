"""Two consumers; the first one is always back before the second one has a chance, for it polls at the right moment."""

import queue
import threading
import time


def produce(jobs, stop):
    while not stop:
        jobs.put("job")
        time.sleep(2)


def quick(jobs, stop):
    while not stop:
        jobs.get()


def late(jobs, stop):
    time.sleep(1)
    while True:
        try:
            jobs.get_nowait()
        except queue.Empty:
            time.sleep(2)
        else:
            stop.append(1)
            return


def main():
    jobs, stop = queue.Queue(), []
    threads = [threading.Thread(name=f.__name__, target=f, args=(jobs, stop)) for f in (produce, quick, late)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
