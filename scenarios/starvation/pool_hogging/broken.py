"""A web shop with two workers: invoices to download over slow lines, and a health check."""

import time
from concurrent.futures import ThreadPoolExecutor

SLOW_LINE = 0.4  # seconds that one download takes


def download_invoice(order_id):
    time.sleep(SLOW_LINE)
    return f"invoice {order_id}"


def health_check(asked_at):
    """Return how long it took until somebody had time to say: I am well."""
    return time.monotonic() - asked_at


def main():
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="worker") as workers:
        for order_id in range(3):
            workers.submit(download_invoice, order_id)
        health = workers.submit(health_check, time.monotonic())
        waited = health.result()
    return round(waited, 1)


if __name__ == "__main__":
    print(main())
