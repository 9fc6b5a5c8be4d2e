import threading
from concurrent.futures import ThreadPoolExecutor

local = threading.local()


def prepare(base):
    local.base = base


def work(n):
    return local.base + n


def main():
    with ThreadPoolExecutor(2, initializer=prepare, initargs=(100,)) as pool:
        result = list(pool.map(work, range(3)))
    assert result == [100, 101, 102]
    return result
