"""A method that takes the lock calls another one that takes it, too."""

import threading


class Account:
    def __init__(self):
        self.lock = threading.Lock()
        self.balance = 0

    def deposit(self, amount):
        with self.lock:
            self.balance += amount

    def move(self, amount):
        with self.lock:
            self.deposit(amount)


def main():
    account = Account()
    customer = threading.Thread(name="customer", target=account.move, args=(5,))
    customer.start()
    customer.join()
