"""Many kinds of iterators in `for` statements, each around a lock that two threads share."""

import collections
import itertools
import threading


def walks():
    yield [1, 2]
    yield (1, 2)
    yield {1: 0, 2: 0}
    yield {1: 0, 2: 0}.items()
    yield {1, 2}
    yield "ab"
    yield b"ab"
    yield range(2)
    yield enumerate([1, 2])
    yield zip([1, 2], "ab")
    yield map(abs, [1, 2])
    yield filter(None, [1, 2])
    yield reversed([1, 2])
    yield itertools.chain([1], [2])
    yield itertools.islice(itertools.cycle([1, 2]), 5)
    yield itertools.product([1, 2], [3])
    yield itertools.permutations([1, 2])
    yield collections.deque([1, 2])
    yield iter(collections.deque([1, 2, 0]).popleft, 0)
    yield (n for n in [1, 2])
    yield open(__file__).readline().split()[:3]


def main():
    lock, log = threading.Lock(), []

    def work():
        for walk in walks():
            for _ in walk:
                with lock:
                    log.append(1)

    threads = [threading.Thread(name=f"walker {n}", target=work) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(log)
