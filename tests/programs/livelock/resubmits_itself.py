"""A pooled task that finds nothing to do hands itself in again, and main waits for the word that it is done."""

import threading
from concurrent.futures import ThreadPoolExecutor


def main():
    finished, work = threading.Event(), []
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker")

    def task():
        if work:
            finished.set()
        else:
            pool.submit(task)

    pool.submit(task)
    finished.wait()
    pool.shutdown()
