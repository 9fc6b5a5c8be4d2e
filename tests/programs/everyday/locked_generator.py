import threading


class Locked:
    """An iterator that several threads may share."""

    def __init__(self, iterable):
        self.iterator, self.lock = iter(iterable), threading.Lock()

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            return next(self.iterator)


def squares(n):
    for i in range(n):
        yield i * i


def main():
    shared, got = Locked(squares(4)), []

    def take():
        for value in shared:
            got.append(value)

    threads = [threading.Thread(target=take, name=f"t{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(got) == [0, 1, 4, 9]
    return sorted(got)
