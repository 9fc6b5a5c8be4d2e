"""A delivery is booked line by line, an order needs one line. One at a time may write in the ledger."""

import threading
import time


def book_delivery(ledger, lines):
    for _ in range(3):
        with ledger:
            time.sleep(0.01)  # counting the parcels
            lines.append("delivery")


def process_order(ledger, lines):
    with ledger:
        lines.append("order")


def main():
    ledger = threading.Lock()
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
