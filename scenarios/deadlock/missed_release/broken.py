"""The database allows two connections at a time; a semaphore counts those that are free."""
import threading

PRICES = {"T-shirt": 20, "cup": 8}


class Database:
    def __init__(self):
        self.connections = threading.Semaphore(2)
        self.rows = []

    def save(self, order_id, item, pieces):
        self.connections.acquire()
        total = PRICES[item] * int(pieces)
        self.rows.append((order_id, total))
        self.connections.release()


def process_order(database, letters, order_id, item, pieces):
    try:
        database.save(order_id, item, pieces)
        letters[order_id] = "confirmed"
    except (KeyError, ValueError):
        letters[order_id] = "refused"


def main():
    database = Database()
    letters = {}
    forms = [("order 1", "T-shirt", "3"), ("order 2", "teapot", "1"), ("order 3", "cup", "two")]
    orders = [
        threading.Thread(target=process_order, args=(database, letters, *form), name=form[0])
        for form in forms
    ]
    for order in orders:
        order.start()
    for order in orders:
        order.join()
    return sorted(letters.items())


if __name__ == "__main__":
    print(main())
