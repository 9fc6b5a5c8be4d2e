import threading


class Registry:
    def __init__(self):
        self._table, self._write = {"version": 0, "size": 0}, threading.Lock()

    def read(self):
        table = self._table
        return table["version"], table["size"]

    def update(self, size):
        with self._write:
            new = dict(self._table)
            new["version"] += 1
            new["size"] = new["version"] * size
            self._table = new


def main():
    registry, seen = Registry(), []
    writers = [threading.Thread(target=registry.update, args=(10,), name=f"writer {n}") for n in range(2)]
    reader = threading.Thread(target=lambda: seen.extend(registry.read() for _ in range(2)), name="reader")
    for t in (*writers, reader):
        t.start()
    for t in (*writers, reader):
        t.join()
    assert all(size == version * 10 for version, size in seen) and seen == sorted(seen)
    assert registry.read() == (2, 20)
    return seen
