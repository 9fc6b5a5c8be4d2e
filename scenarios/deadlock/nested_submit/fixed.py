"""Two workers process the orders; charging the card is a task of its own for the same pool."""
from concurrent.futures import ThreadPoolExecutor


def charge_card(order_id):
    return f"{order_id} charged"


def process_order(order_id):
    return f"{charge_card(order_id)} and packed"


def main():
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="worker") as pool:
        orders = [pool.submit(process_order, order_id) for order_id in ("order 1", "order 2")]
        return [order.result() for order in orders]


if __name__ == "__main__":
    print(main())
