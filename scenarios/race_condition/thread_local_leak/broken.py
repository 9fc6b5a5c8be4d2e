"""Two workers process orders; whose order it is, each worker notes in a variable of its own thread."""
import threading
from concurrent.futures import ThreadPoolExecutor

OUT_OF_STOCK = {"order 1"}
session = threading.local()


def pack(order_id):
    if order_id in OUT_OF_STOCK:
        raise LookupError(f"{order_id} is out of stock")
    customer = getattr(session, "customer", "guest")
    return f"{order_id} billed to {customer}"


def process_order(order_id, customer=None):
    if customer is not None:
        session.customer = customer
    receipt = pack(order_id)
    session.customer = "guest"
    return receipt


def main():
    with ThreadPoolExecutor(max_workers=2, thread_name_prefix="worker") as pool:
        first = pool.submit(process_order, "order 1", "alice")
        second = pool.submit(process_order, "order 2")  # a guest, without an account
    return [str(first.exception()), second.result()]


if __name__ == "__main__":
    print(main())
