"""The same cache behind the decorator that takes a lock: it stays whole, and a function may be called twice."""

import threading

from cachetools import LRUCache, cached
from cachetools.keys import hashkey


def main():
    calls = []
    cache = LRUCache(maxsize=1)

    @cached(cache, key=hashkey, lock=threading.Lock())
    def square(number):
        calls.append(number)
        return number * number

    threads = [threading.Thread(target=square, args=(2,), name=name) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert cache.currsize == len(cache) == 1
    return len(calls), square(2)
