"""A pool of two squares numbers; the results are collected in order."""

from concurrent.futures import ThreadPoolExecutor, as_completed


def main():
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="worker") as pool:
        squares = list(pool.map(lambda n: n * n, range(6)))
        later = [pool.submit(pow, n, 3) for n in range(3)]
        cubes = sorted(future.result() for future in as_completed(later))
    return squares, cubes
