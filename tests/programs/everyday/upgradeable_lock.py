import threading


class Upgradeable:
    """Readers, and one who may become the writer."""

    def __init__(self):
        self.c, self.readers, self.upgrader, self.writing = threading.Condition(), 0, False, False

    def read(self):
        with self.c:
            self.c.wait_for(lambda: not self.writing)
            self.readers += 1

    def done(self):
        with self.c:
            self.readers -= 1
            self.c.notify_all()

    def upgradeable(self):
        with self.c:
            self.c.wait_for(lambda: not self.upgrader)
            self.upgrader = True

    def upgrade(self):
        with self.c:
            self.writing = True
            self.c.wait_for(lambda: self.readers == 0)

    def finish(self):
        with self.c:
            self.writing = self.upgrader = False
            self.c.notify_all()


def main():
    lock, pair, seen = Upgradeable(), [0, 0], []

    def reader():
        lock.read()
        seen.append(pair[0] == pair[1])
        lock.done()

    def updater():
        lock.upgradeable()
        if pair[0] == 0:
            lock.upgrade()
            pair[0] = 1
            pair[1] = 1
        lock.finish()

    threads = [threading.Thread(target=f, name=f"{f.__name__} {n}") for n, f in enumerate((reader, updater, updater))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert seen == [True] and pair == [1, 1]
    return pair
