"""An order that is not paid in time is cancelled. This customer pays in the very last moment."""
import threading
import time

TIME_TO_PAY = 0.1  # seconds; half an hour in the real shop


class Order:
    def __init__(self):
        self.lock = threading.Lock()
        self.status = "open"
        self.letters = []
        self.deadline = threading.Timer(TIME_TO_PAY, self.close, args=["cancelled"])
        self.deadline.name = "deadline"

    def pay(self):
        self.deadline.cancel()
        self.close("paid")

    def close(self, status):
        if self.status == "open":
            with self.lock:
                self.status = status
                self.letters.append(f"Your order is {status}.")


def customer(order):
    time.sleep(TIME_TO_PAY)
    order.pay()


def main():
    order = Order()
    payment = threading.Thread(target=customer, args=(order,), name="payment")
    order.deadline.start()
    payment.start()
    order.deadline.join()
    payment.join()
    return order.letters


if __name__ == "__main__":
    print(main())
