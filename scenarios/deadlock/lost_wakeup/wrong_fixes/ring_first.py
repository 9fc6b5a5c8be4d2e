"""A packer sleeps as long as there is nothing to pack; a bell rings whenever an order comes in."""
import threading


class Inbox:
    def __init__(self):
        self.orders = []
        self.bell = threading.Event()

    def add(self, order_id):
        self.bell.set()
        self.orders.append(order_id)

    def take(self):
        while not self.orders:
            self.bell.clear()
            self.bell.wait()
        return self.orders.pop(0)


def pack(inbox, packed):
    for _ in range(2):
        packed.append(inbox.take())


def main():
    inbox = Inbox()
    packed = []
    packer = threading.Thread(target=pack, args=(inbox, packed), name="packer")
    packer.start()
    inbox.add("order 1")
    inbox.add("order 2")
    packer.join()
    return packed


if __name__ == "__main__":
    print(main())
