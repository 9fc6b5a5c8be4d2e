import threading


class SeqLock:
    def __init__(self, *values):
        self.sequence, self.values, self.writer = 0, list(values), threading.Lock()

    def write(self, *values):
        with self.writer:
            self.sequence += 1
            for n, value in enumerate(values):
                self.values[n] = value
            self.sequence += 1

    def read(self):
        while True:
            before = self.sequence
            if before % 2:
                continue
            values = [self.values[0], self.values[1]]
            if self.sequence == before:
                return values


def main():
    lock, seen = SeqLock(0, 0), []
    writer = threading.Thread(target=lock.write, args=(1, 1), name="writer")
    reader = threading.Thread(target=lambda: seen.append(lock.read()), name="reader")
    writer.start()
    reader.start()
    writer.join()
    reader.join()
    assert seen[0] in ([0, 0], [1, 1])
    return seen[0]
