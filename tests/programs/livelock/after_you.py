"""Mutual exclusion by courtesy: who sees that the other one wants to go in, too, withdraws its wish, and repeats it."""

import threading


class Door:
    def __init__(self):
        self.wish = [False, False]


def go_in(door, me):
    door.wish[me] = True
    while door.wish[1 - me]:
        door.wish[me] = False
        door.wish[me] = True
    door.wish[me] = False


def main():
    door = Door()
    threads = [threading.Thread(name=f"guest {me}", target=go_in, args=(door, me)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
