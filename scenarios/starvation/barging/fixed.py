"""One database connection for all. Whoever finds it taken waits, and is woken when it comes back."""

import threading
import time


class ConnectionPool:
    def __init__(self):
        self.free = 1
        self.line = []
        self.log = []
        self.returned = threading.Condition()

    def take(self, who):
        with self.returned:
            self.log.append(f"{who} asks")
            self.line.append(who)
            while self.free == 0 or self.line[0] != who:
                self.returned.wait()
            self.line.remove(who)
            self.free -= 1
            self.log.append(f"{who} gets it")

    def give_back(self):
        with self.returned:
            self.free += 1
            self.returned.notify_all()


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
