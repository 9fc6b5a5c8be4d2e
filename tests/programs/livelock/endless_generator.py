"""A thread walks round a ring of rooms until it finds one that is free; none ever is."""

import itertools
import threading


def main():
    rooms = [threading.Lock() for _ in range(3)]
    for room in rooms:
        room.acquire()

    def search():
        for room in itertools.cycle(rooms):
            if room.acquire(blocking=False):
                return

    guest = threading.Thread(name="guest", target=search)
    guest.start()
    guest.join()
