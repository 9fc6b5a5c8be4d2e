"""Orders are accepted while the connection to the database is still being opened."""
import threading


class Database:
    def __init__(self):
        self.ready = threading.Event()
        self.user = None
        self.connection = None

    def open(self):
        self.log_in()
        self.connection = "orders-db"

    def log_in(self):
        self.user = "shop"
        self.ready.set()


def process_order(order_id, database, receipts):
    database.ready.wait()
    receipts.append(f"{order_id} saved in {database.connection}")


def main():
    database = Database()
    receipts = []
    opening = threading.Thread(target=database.open, name="opening")
    order = threading.Thread(target=process_order, args=("order 1", database, receipts), name="order 1")
    order.start()
    opening.start()
    order.join()
    opening.join()
    return receipts


if __name__ == "__main__":
    print(main())
