"""A shelf that raises an alarm when it runs low; the alarm writes down how much is left."""
import threading


class Shelf:
    def __init__(self, left, alarm):
        self.lock = threading.Lock()
        self.left = left
        self.alarm = alarm

    def count(self):
        with self.lock:
            return self.left

    def add(self, pieces):
        with self.lock:
            self.left += pieces

    def take(self, pieces):
        with self.lock:
            self.left -= pieces
            if self.left < 2:
                helper = threading.Thread(target=self.alarm, args=(self,), name="alarm")
                helper.start()
                helper.join()


def main():
    notes = []

    def alarm(shelf):
        notes.append(f"low stock, now {shelf.count()}")

    shelf = Shelf(left=2, alarm=alarm)
    delivery = threading.Thread(target=shelf.add, args=(5,), name="delivery")
    order = threading.Thread(target=shelf.take, args=(1,), name="order 1")
    delivery.start()
    order.start()
    delivery.join()
    order.join()
    return {"left": shelf.count(), "notes": notes}


if __name__ == "__main__":
    print(main())
