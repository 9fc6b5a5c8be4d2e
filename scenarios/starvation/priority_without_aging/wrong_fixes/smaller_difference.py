"""VIP orders go first, plain orders afterwards. The plain order has come in first today."""

import queue
import threading

ORDERS = ["plain", "VIP 1", "VIP 2", "VIP 3", "VIP 4", "VIP 5"]


def take_orders(orders):
    for arrival, order in enumerate(ORDERS):
        vip = order.startswith("VIP")
        rank = 0 if vip else 0.1
        orders.put((rank, arrival, order))


def process_orders(orders, processed):
    for _ in ORDERS:
        rank, arrival, order = orders.get()
        processed.append(order)


def main():
    orders = queue.PriorityQueue()
    processed = []
    desk = threading.Thread(name="desk", target=take_orders, args=(orders,))
    worker = threading.Thread(name="worker", target=process_orders, args=(orders, processed))
    desk.start()
    worker.start()
    desk.join()
    worker.join()
    return processed


if __name__ == "__main__":
    print(main())
