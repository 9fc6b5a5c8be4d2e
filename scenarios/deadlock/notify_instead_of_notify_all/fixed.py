"""Parcels wait until they are paid; the bank reports the payments one after the other."""
import threading


class Payments:
    def __init__(self):
        self.amounts = {}
        self.news = threading.Condition()

    def report(self, order_id, amount):
        with self.news:
            self.amounts[order_id] = amount
            self.news.notify_all()

    def wait_for(self, order_id):
        with self.news:
            while order_id not in self.amounts:
                self.news.wait()
            return self.amounts[order_id]


def ship(order_id, payments, shipped):
    amount = payments.wait_for(order_id)
    shipped[order_id] = f"shipped, {amount} EUR paid"


def main():
    payments = Payments()
    shipped = {}
    parcels = [
        threading.Thread(target=ship, args=("order 1", payments, shipped), name="parcel 1"),
        threading.Thread(target=ship, args=("order 2", payments, shipped), name="parcel 2"),
    ]
    for parcel in parcels:
        parcel.start()
    payments.report("order 1", 20)
    payments.report("order 2", 8)
    for parcel in parcels:
        parcel.join()
    return sorted(shipped.items())


if __name__ == "__main__":
    print(main())
