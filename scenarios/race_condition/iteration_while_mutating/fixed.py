"""The evening report adds up all open orders, while one more order arrives from the website."""
import threading


class Shop:
    def __init__(self):
        self.lock = threading.Lock()
        self.open_orders = {"order 1": 25, "order 2": 25}

    def accept(self, order_id, price):
        with self.lock:
            self.open_orders[order_id] = price

    def report(self):
        with self.lock:
            orders = dict(self.open_orders)
        total = 0
        for order_id in orders:
            total += orders[order_id]
        return total


def sell(shop, late_orders):
    for number in range(late_orders):
        shop.accept(f"late order {number + 1}", 25)


def main(iterations=1):
    shop = Shop()
    website = threading.Thread(target=sell, args=(shop, iterations), name="website")
    website.start()
    total = shop.report()
    website.join()
    return total


if __name__ == "__main__":
    print(main())
