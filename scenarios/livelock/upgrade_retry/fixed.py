"""The stock list is read by many at once; whoever wants to write must be its only reader."""
import threading


class StockList:
    def __init__(self, left):
        self.left = left
        self.readers = 0
        self.writing = False
        self.changed = threading.Condition()

    def share(self):
        with self.changed:
            while self.writing:
                self.changed.wait()
            self.readers += 1

    def let_go(self):
        with self.changed:
            self.readers -= 1
            self.changed.notify_all()

    def upgrade(self):
        with self.changed:
            if self.writing:
                return False
            self.writing = True
            while self.readers > 1:
                self.changed.wait()
            return True

    def write(self, left):
        with self.changed:
            self.left = left
            self.writing = False
            self.let_go()


def process_order(stock):
    while True:
        stock.share()
        left = stock.left
        if stock.upgrade():
            return stock.write(left - 1)
        stock.let_go()


def main():
    stock = StockList(left=5)
    first = threading.Thread(name="order 1", target=process_order, args=(stock,))
    second = threading.Thread(name="order 2", target=process_order, args=(stock,))
    first.start()
    second.start()
    first.join()
    second.join()
    return stock.left


if __name__ == "__main__":
    print(main())
