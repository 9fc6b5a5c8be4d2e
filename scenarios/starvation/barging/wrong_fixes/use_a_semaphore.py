"""One database connection for all. Whoever finds it taken waits, and is woken when it comes back."""

import threading
import time


class ConnectionPool:
    def __init__(self):
        self.log = []
        self.free = threading.Semaphore(1)

    def take(self, who):
        self.log.append(f"{who} asks")
        self.free.acquire()
        self.log.append(f"{who} gets it")

    def give_back(self):
        self.free.release()


def write_report(pool):
    for _ in range(3):
        pool.take("report")
        time.sleep(0.05)  # a query
        pool.give_back()


def process_order(pool):
    pool.take("order")
    pool.give_back()


def main():
    pool = ConnectionPool()
    report = threading.Thread(name="report", target=write_report, args=(pool,))
    order = threading.Thread(name="order", target=process_order, args=(pool,))
    report.start()
    order.start()
    report.join()
    order.join()
    return pool.log


if __name__ == "__main__":
    print("\n".join(main()))
