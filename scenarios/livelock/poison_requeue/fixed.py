"""Two T-shirts, two orders, and a shop counter that sells T-shirts too."""

import queue
import threading

ATTEMPTS = 3


class Stock:
    def __init__(self, pieces):
        self.pieces = pieces
        self.lock = threading.Lock()

    def take(self):
        """Take one piece; False if there is none left."""
        with self.lock:
            if self.pieces == 0:
                return False
            self.pieces -= 1
            return True


def process_orders(orders, stock, result):
    while not orders.empty():
        order, attempt = orders.get()
        if stock.take():
            result[order] = "shipped"
        elif attempt < ATTEMPTS:
            orders.put((order, attempt + 1))  # try again later
        else:
            result[order] = "cannot be fulfilled"
        orders.task_done()


def main():
    stock = Stock(pieces=2)
    result = {}
    orders = queue.Queue()
    orders.put(("order 1", 1))
    orders.put(("order 2", 1))
    worker = threading.Thread(name="worker", target=process_orders, args=(orders, stock, result))
    counter = threading.Thread(name="shop counter", target=stock.take)
    worker.start()
    counter.start()
    worker.join()
    counter.join()
    return result


if __name__ == "__main__":
    print(main())
