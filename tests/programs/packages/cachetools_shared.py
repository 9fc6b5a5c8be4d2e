"""A cachetools cache that threads share without a lock, against its documentation."""

import threading

import cachetools


def main():
    cache = cachetools.LRUCache(maxsize=1)

    def remember(key):
        cache[key] = key.upper()

    threads = [threading.Thread(target=remember, args=(key,), name=key) for key in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(cache) <= 1 and cache.currsize == len(cache), (len(cache), cache.currsize)
    return len(cache)
