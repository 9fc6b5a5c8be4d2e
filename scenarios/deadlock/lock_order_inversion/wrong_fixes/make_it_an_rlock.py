"""Alice and Bob run two shops and buy from each other; both bills are paid at the same moment."""
import threading


class Account:
    def __init__(self, owner, balance):
        self.owner = owner
        self.balance = balance
        self.lock = threading.RLock()


def pay(payer, payee, amount):
    with payer.lock:
        with payee.lock:
            payer.balance -= amount
            payee.balance += amount


def pay_bills(payer, payee, bills):
    for amount in bills:
        pay(payer, payee, amount)


def main(iterations=1):
    alice = Account("alice", balance=100)
    bob = Account("bob", balance=100)
    payments = [
        threading.Thread(target=pay_bills, args=(alice, bob, [30] * iterations), name="alice pays bob"),
        threading.Thread(target=pay_bills, args=(bob, alice, [10] * iterations), name="bob pays alice"),
    ]
    for payment in payments:
        payment.start()
    for payment in payments:
        payment.join()
    return {"bills": iterations, "alice": alice.balance, "bob": bob.balance}


if __name__ == "__main__":
    print(main())
