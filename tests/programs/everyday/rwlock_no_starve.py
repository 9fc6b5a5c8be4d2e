"""Lightswitch with a turnstile: writers are not starved."""
import threading


class Fair:
    def __init__(self):
        self.turnstile, self.room, self.mutex, self.readers = (
            threading.Lock(), threading.Semaphore(), threading.Lock(), 0,
        )

    def acquire_read(self):
        with self.turnstile:
            pass
        with self.mutex:
            self.readers += 1
            if self.readers == 1:
                self.room.acquire()

    def release_read(self):
        with self.mutex:
            self.readers -= 1
            if not self.readers:
                self.room.release()

    def acquire_write(self):
        self.turnstile.acquire()
        self.room.acquire()

    def release_write(self):
        self.room.release()
        self.turnstile.release()


def main():
    lock, data, log = Fair(), [], []

    def reader():
        lock.acquire_read()
        try:
            log.append(len(data))
        finally:
            lock.release_read()

    def writer():
        lock.acquire_write()
        try:
            data.extend((1, 2))
        finally:
            lock.release_write()

    threads = [threading.Thread(target=t, name=n) for t, n in ((reader, "ann"), (writer, "bob"), (reader, "cid"))]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert all(size in (0, 2) for size in log) and len(log) == 2
    return data
