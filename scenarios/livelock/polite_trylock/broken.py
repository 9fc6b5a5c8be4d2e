"""Two clerks, two ledgers. Nobody ever waits for a ledger while holding the other one."""

import threading
import time

PAUSE = 0.01  # seconds a clerk steps back before the next attempt


def process_order(order_id, first, second, processed):
    while True:
        with first:
            if second.acquire(blocking=False):
                processed.append(order_id)
                second.release()
                return
        time.sleep(PAUSE)


def main():
    stock = threading.Lock()
    payments = threading.Lock()
    processed = []
    shipping = threading.Thread(
        name="shipping",
        target=process_order,
        args=("order 1", stock, payments, processed),
    )
    refunds = threading.Thread(
        name="refunds",
        target=process_order,
        args=("order 2", payments, stock, processed),
    )
    shipping.start()
    refunds.start()
    shipping.join()
    refunds.join()
    return sorted(processed)


if __name__ == "__main__":
    print(main())
