"""An order that fails is put back, twice at most."""

import queue
import threading


def main():
    orders, result = queue.Queue(), {}

    def work():
        while not orders.empty():
            order, attempt = orders.get()
            if order == "bad" and attempt < 30:
                orders.put((order, attempt + 1))
            else:
                result[order] = attempt

    orders.put(("good", 0))
    orders.put(("bad", 0))
    worker = threading.Thread(name="worker", target=work)
    worker.start()
    worker.join()
    return result
