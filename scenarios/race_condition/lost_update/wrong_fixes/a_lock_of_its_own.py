"""Five T-shirts are on the shelf. Two orders arrive at the same moment and take one each."""
import threading


class Stock:
    def __init__(self, left):
        self.left = left

    def take(self, pieces):
        lock = threading.Lock()
        with lock:
            self.left -= pieces


def process_order(stock, pieces):
    stock.take(pieces)


def main():
    stock = Stock(left=5)
    orders = [
        threading.Thread(target=process_order, args=(stock, 1), name="order 1"),
        threading.Thread(target=process_order, args=(stock, 1), name="order 2"),
    ]
    for order in orders:
        order.start()
    for order in orders:
        order.join()
    return stock.left


if __name__ == "__main__":
    print(main())
