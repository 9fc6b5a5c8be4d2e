"""Five T-shirts are on the shelf. Two orders arrive at the same moment and take one each."""
import threading


class Stock:
    def __init__(self, left):
        self.left = left
        self.lock = threading.Lock()

    def take(self, pieces):
        with self.lock:
            self.left -= pieces


def process_order(stock, pieces):
    for _ in range(pieces):
        stock.take(1)


def main(threads=2, iterations=1):
    stock = Stock(left=3 + threads * iterations)  # three more than are ordered
    orders = [
        threading.Thread(target=process_order, args=(stock, iterations), name=f"order {number}")
        for number in range(1, threads + 1)
    ]
    for order in orders:
        order.start()
    for order in orders:
        order.join()
    return stock.left


if __name__ == "__main__":
    print(main())
