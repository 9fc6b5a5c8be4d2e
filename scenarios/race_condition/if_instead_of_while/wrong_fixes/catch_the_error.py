"""Two packers wait for orders. The website brings two orders, one after the other."""
import threading


class Inbox:
    def __init__(self):
        self.orders = []
        self.arrived = threading.Condition()

    def add(self, order_id):
        with self.arrived:
            self.orders.append(order_id)
            self.arrived.notify()

    def take(self):
        with self.arrived:
            if not self.orders:
                self.arrived.wait()
            try:
                return self.orders.pop(0)
            except IndexError:
                return "nothing"


def pack_one(inbox, packer, packed):
    packed[packer] = inbox.take()


def main():
    inbox = Inbox()
    packed = {}
    packers = [
        threading.Thread(target=pack_one, args=(inbox, "ann", packed), name="ann"),
        threading.Thread(target=pack_one, args=(inbox, "ben", packed), name="ben"),
    ]
    for packer in packers:
        packer.start()
    inbox.add("order 1")
    inbox.add("order 2")
    for packer in packers:
        packer.join()
    return sorted(packed.values())


if __name__ == "__main__":
    print(main())
