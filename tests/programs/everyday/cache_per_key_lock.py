import threading
from collections import defaultdict


class Cache:
    def __init__(self, load):
        self._load, self._values, self._guard = load, {}, threading.Lock()
        self._locks = defaultdict(threading.Lock)

    def get(self, key):
        with self._guard:
            lock = self._locks[key]
        with lock:
            if key not in self._values:
                self._values[key] = self._load(key)
            return self._values[key]


def main():
    loads, lock = [], threading.Lock()

    def load(key):
        with lock:
            loads.append(key)
        return key * 2

    cache, got = Cache(load), {}

    def client(name, *keys):
        got[name] = [cache.get(key) for key in keys]

    threads = [
        threading.Thread(target=client, args=("ann", "x", "y"), name="ann"),
        threading.Thread(target=client, args=("bob", "y", "x"), name="bob"),
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(loads) == ["x", "y"]
    assert got["ann"] == ["xx", "yy"] and got["bob"] == ["yy", "xx"]
    return got["ann"]
