"""Nobody locks the ledger while calculating. Whoever finds another's mark at the end starts again."""

import threading

PRICES = {"tea": 10, "coffee": 20}


class Ledger:
    def __init__(self):
        self.total = 0
        self.version = "new"
        self.lock = threading.Lock()
        self.one_at_a_time = threading.Lock()

    def begin(self, version):
        with self.lock:
            self.version = version

    def read(self):
        with self.lock:
            return self.total

    def commit(self, version, total):
        with self.lock:
            if self.version != version:
                return False
            self.total = total
            return True


def book(ledger, order_id, item):
    ledger.begin(order_id)
    total = ledger.read() + PRICES[item]
    return ledger.commit(order_id, total)


def process_order(ledger, order_id, item):
    if book(ledger, order_id, item):
        return
    with ledger.one_at_a_time:
        while not book(ledger, order_id, item):
            pass  # somebody else began in the meantime: once more, with the new total


def main():
    ledger = Ledger()
    first = threading.Thread(name="order 1", target=process_order, args=(ledger, "order 1", "tea"))
    second = threading.Thread(name="order 2", target=process_order, args=(ledger, "order 2", "coffee"))
    first.start()
    second.start()
    first.join()
    second.join()
    return ledger.total


if __name__ == "__main__":
    print(main())
