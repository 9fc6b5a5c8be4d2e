"""The customer pressed "buy" twice: one order arrives two times, and must be charged once."""
import threading


class Shop:
    def __init__(self):
        self.processed = set()
        self.charges = []

    def process_order(self, order_id):
        if order_id in self.processed:
            return
        if order_id in self.processed:  # it may have arrived meanwhile
            return
        self.processed.add(order_id)
        self.charges.append(f"{order_id}: 20 EUR")


def main():
    shop = Shop()
    clicks = [
        threading.Thread(target=shop.process_order, args=("order 1",), name="first click"),
        threading.Thread(target=shop.process_order, args=("order 1",), name="second click"),
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    return shop.charges


if __name__ == "__main__":
    print(main())
