"""Two customers wait for bread; the greedy one does not wait in line, and there is always just one loaf."""

import threading


class Shop:
    def __init__(self):
        self.loaves = 0
        self.closed = False
        self.changed = threading.Condition()


def bake(shop):
    while not shop.closed:
        with shop.changed:
            while shop.loaves and not shop.closed:
                shop.changed.wait()
            shop.loaves = 1
            shop.changed.notify_all()


def greedy(shop):
    while not shop.closed:
        with shop.changed:
            while not shop.loaves and not shop.closed:
                shop.changed.wait()
            shop.loaves = 0
            shop.changed.notify_all()


def modest(shop):
    with shop.changed:
        while not shop.loaves:
            shop.changed.wait()
        shop.closed = True
        shop.changed.notify_all()


def main():
    shop = Shop()
    threads = [threading.Thread(name=f.__name__, target=f, args=(shop,)) for f in (bake, greedy, modest)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
