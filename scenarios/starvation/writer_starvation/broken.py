"""The price cache: any number of windows may read it together, the updater needs it alone."""

import threading


class PriceCache:
    def __init__(self):
        self.tea, self.coffee = 10, 20
        self.updating = False
        self.readers = 0
        self.changed = threading.Condition()

    def begin_read(self):
        with self.changed:
            self.readers += 1

    def end_read(self):
        with self.changed:
            self.readers -= 1
            if self.readers == 0:
                self.changed.notify_all()
            return self.updating  # newer prices are on their way

    def update(self, tea, coffee):
        with self.changed:
            self.updating = True
            while self.readers > 0:
                self.changed.wait()
            self.tea, self.coffee = tea, coffee
            self.updating = False


def show_prices(cache, window, shown):
    outdated = True
    while outdated:
        cache.begin_read()
        shown[window] = (cache.tea, cache.coffee)
        outdated = cache.end_read()


def main():
    cache = PriceCache()
    shown = {}
    left = threading.Thread(name="left", target=show_prices, args=(cache, "left", shown))
    right = threading.Thread(name="right", target=show_prices, args=(cache, "right", shown))
    updater = threading.Thread(name="updater", target=cache.update, args=(12, 24))
    left.start()
    right.start()
    updater.start()
    left.join()
    right.join()
    updater.join()
    return shown["left"], shown["right"], (cache.tea, cache.coffee)


if __name__ == "__main__":
    print(main())
