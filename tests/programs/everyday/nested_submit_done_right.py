"""A task that needs other tasks does not wait in the pool: it returns what is to be waited for."""
from concurrent.futures import ThreadPoolExecutor


def main():
    with ThreadPoolExecutor(1) as pool:

        def parse(line):
            return [pool.submit(int, part) for part in line.split()]

        lines = [pool.submit(parse, line) for line in ("1 2", "3")]
        total = sum(part.result() for line in lines for part in line.result())
    assert total == 6
    return total
