"""Stock, payment and address are checked at the same time; the parcel waits until all three are through."""
import threading


class Order:
    def __init__(self):
        self.on_shelf = 0
        self.paid = True
        self.address = "12 Elm Street"
        self.all_checked = threading.Barrier(3)
        self.report = {}

    def check_stock(self):
        if self.on_shelf == 0:
            raise LookupError("out of stock")

    def check_payment(self):
        if not self.paid:
            raise LookupError("not paid")

    def check_address(self):
        if not self.address:
            raise LookupError("no address")

    def run(self, stage, check):
        try:
            check()
            self.all_checked.wait()
            self.report[stage] = "go"
        except LookupError:
            self.all_checked.abort()
            self.report[stage] = "problem"
        except threading.BrokenBarrierError:
            self.report[stage] = "stopped"

    def deliver(self):
        self.on_shelf = 1


def main():
    order = Order()
    stages = {"stock": order.check_stock, "payment": order.check_payment, "address": order.check_address}
    threads = [threading.Thread(target=order.deliver, name="delivery")]
    for stage, check in stages.items():
        threads.append(threading.Thread(target=order.run, args=(stage, check), name=stage))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [f"{stage}: {order.report.get(stage)}" for stage in stages]


if __name__ == "__main__":
    print(main())
