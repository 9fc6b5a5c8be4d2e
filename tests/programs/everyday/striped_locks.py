import threading


class StripedMap:
    def __init__(self, stripes=2):
        self.locks = [threading.Lock() for _ in range(stripes)]
        self.maps = [{} for _ in range(stripes)]

    def _stripe(self, key):
        return key % len(self.locks)

    def increment(self, key):
        n = self._stripe(key)
        with self.locks[n]:
            self.maps[n][key] = self.maps[n].get(key, 0) + 1

    def total(self):
        for lock in self.locks:
            lock.acquire()
        try:
            return sum(sum(m.values()) for m in self.maps)
        finally:
            for lock in reversed(self.locks):
                lock.release()


def main():
    counts, totals = StripedMap(), []

    def work(keys):
        for key in keys:
            counts.increment(key)

    threads = [threading.Thread(target=work, args=(keys,), name=f"w{keys}") for keys in ((0, 1), (1, 0))]
    threads.append(threading.Thread(target=lambda: totals.append(counts.total()), name="auditor"))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert 0 <= totals[0] <= 4 and counts.total() == 4
    return counts.total()
