"""A task of a pool with one worker waits for another task of the same pool."""

from concurrent.futures import ThreadPoolExecutor


def main():
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="worker") as pool:

        def outer():
            return pool.submit(len, "inner").result()

        return pool.submit(outer).result()
