"""A key that is popped between setdefault's look and its read makes it raise KeyError."""

import threading

from expiringdict import ExpiringDict


def main():
    cache = ExpiringDict(max_len=10, max_age_seconds=60)
    cache["key"] = "old"
    found = []

    def lookup():
        found.append(cache.setdefault("key", "new"))

    def forget():
        cache.pop("key")

    threads = [threading.Thread(target=target, name=target.__name__) for target in (lookup, forget)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found
