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


def main(threads=2):
    shop = Shop()
    clicks = [
        threading.Thread(target=shop.process_order, args=("order 1",), name=f"click {number}")
        for number in range(1, threads + 1)
    ]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    return shop.charges


if __name__ == "__main__":
    print(main())
