"""A delivery is booked line by line, an order needs one line. One at a time may write in the ledger."""

import threading
import time


class TicketLock:
    """First come, first served: draw a ticket, wait until its number is up."""

    def __init__(self):
        self.tickets_drawn = 0
        self.now_serving = 0
        self.next_please = threading.Condition()

    def __enter__(self):
        with self.next_please:
            my_ticket = self.tickets_drawn
            self.tickets_drawn += 1
            while self.now_serving != my_ticket:
                self.next_please.wait()

    def __exit__(self, *error):
        with self.next_please:
            self.now_serving += 1
            self.next_please.notify_all()


def book_delivery(ledger, lines):
    for _ in range(3):
        with ledger:
            time.sleep(0.05)  # counting the parcels
            lines.append("delivery")


def process_order(ledger, lines):
    with ledger:
        lines.append("order")


def main():
    ledger = TicketLock()
    lines = []
    delivery = threading.Thread(name="delivery", target=book_delivery, args=(ledger, lines))
    order = threading.Thread(name="order", target=process_order, args=(ledger, lines))
    delivery.start()
    order.start()
    delivery.join()
    order.join()
    return lines


if __name__ == "__main__":
    print(main())
