"""A sequence lock: the reader tries again as long as it meets the writer half-way."""

import threading


class Point:
    def __init__(self):
        self.version = 0
        self.x = self.y = 0


def write(point):
    for n in range(1, 6):
        point.version += 1
        point.x = n
        point.y = -n
        point.version += 1


def read(point, seen):
    while len(seen) < 3:
        before = point.version
        x, y = point.x, point.y
        if before % 2 == 0 and point.version == before:
            seen.append(x + y)


def main():
    point, seen = Point(), []
    writer = threading.Thread(name="writer", target=write, args=(point,))
    reader = threading.Thread(name="reader", target=read, args=(point, seen))
    writer.start()
    reader.start()
    writer.join()
    reader.join()
    assert seen == [0, 0, 0]
