"""The price cache tells the shop windows about new prices, but not about every single change."""

import threading
import time

QUIET = 0.15  # seconds without a change before the windows are told


class PriceCache:
    def __init__(self):
        self.lock = threading.Lock()
        self.timer = None
        self.untold_since = None
        self.longest_wait = 0

    def change(self, price):
        with self.lock:
            self.price = price
            if self.untold_since is None:
                self.untold_since = time.monotonic()
            if self.timer is not None:
                self.timer.cancel()
            self.timer = threading.Timer(QUIET, self.tell_windows)
            self.timer.name = f"tell {price}"
            self.timer.start()

    def tell_windows(self):
        with self.lock:
            if self.untold_since is not None:
                waited = time.monotonic() - self.untold_since
                self.longest_wait = max(self.longest_wait, waited)
                self.untold_since = None
                self.shown = self.price


def main():
    cache = PriceCache()
    for price in range(10, 17):
        cache.change(price)
        time.sleep(0.08)
    cache.timer.join()
    return round(cache.longest_wait, 1)


if __name__ == "__main__":
    print(main())
