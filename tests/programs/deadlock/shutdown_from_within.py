"""A pooled task waits for an event that comes after the pool is shut down, which waits for the task."""

import threading
from concurrent.futures import ThreadPoolExecutor


def main():
    closed = threading.Event()
    pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker")
    pool.submit(closed.wait)
    pool.shutdown()
    closed.set()
