"""Two consumers poll an empty queue, half a second apart: one of them is always in the middle of a wait."""

import queue
import threading
import time


def poll(jobs, start):
    time.sleep(start)
    while True:
        try:
            return jobs.get(timeout=1)
        except queue.Empty:
            pass


def main():
    jobs = queue.Queue()
    threads = [threading.Thread(name=f"poller {n}", target=poll, args=(jobs, n / 2)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
