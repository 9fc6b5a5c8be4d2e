import threading
from collections import OrderedDict


class LRU:
    def __init__(self, size):
        self.size, self.lock, self.data = size, threading.Lock(), OrderedDict()

    def get(self, key):
        with self.lock:
            if key not in self.data:
                return None
            self.data.move_to_end(key)
            return self.data[key]

    def put(self, key, value):
        with self.lock:
            self.data[key] = value
            self.data.move_to_end(key)
            while len(self.data) > self.size:
                self.data.popitem(last=False)


def main():
    lru = LRU(2)

    def work(name):
        lru.put(name, name.upper())
        assert lru.get(name) in (name.upper(), None)

    threads = [threading.Thread(target=work, args=(n,), name=n) for n in "abc"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(lru.data) == 2
    return len(lru.data)
