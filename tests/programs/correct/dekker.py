"""Dekker's algorithm: who has not the turn withdraws its wish and spins until it has."""

import threading


class Door:
    def __init__(self):
        self.wish = [False, False]
        self.turn = 0


def work(door, me, log):
    for _ in range(3):
        door.wish[me] = True
        while door.wish[1 - me]:
            if door.turn != me:
                door.wish[me] = False
                while door.turn != me:
                    pass
                door.wish[me] = True
        log.append(me)
        door.turn = 1 - me
        door.wish[me] = False


def main():
    door, log = Door(), []
    threads = [threading.Thread(name=f"worker {me}", target=work, args=(door, me, log)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(log)
