"""The classical lightswitch."""
import threading


class Lightswitch:
    def __init__(self):
        self.count, self.mutex = 0, threading.Lock()

    def lock(self, room):
        with self.mutex:
            self.count += 1
            if self.count == 1:
                room.acquire()

    def unlock(self, room):
        with self.mutex:
            self.count -= 1
            if self.count == 0:
                room.release()


def main():
    room, switch, value = threading.Semaphore(1), Lightswitch(), {"x": 0, "y": 0}
    bad = []

    def read():
        switch.lock(room)
        if value["x"] != value["y"]:
            bad.append(dict(value))
        switch.unlock(room)

    def write():
        with room:
            value["x"] += 1
            value["y"] += 1

    threads = [threading.Thread(target=f, name=f"{f.__name__} {n}") for n, f in enumerate((read, write, read))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not bad
    return value
