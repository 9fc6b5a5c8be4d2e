import threading
from dataclasses import dataclass, field


@dataclass
class Account:
    number: int
    balance: int
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)


class Insufficient(Exception):
    pass


def transfer(source, target, amount):
    first, second = sorted((source, target), key=lambda account: account.number)
    with first.lock, second.lock:
        if source.balance < amount:
            raise Insufficient(source)
        source.balance -= amount
        target.balance += amount


def main():
    a, b = Account(1, 100), Account(2, 10)
    refused = []

    def pay(*args):
        try:
            transfer(*args)
        except Insufficient:
            refused.append(args[2])

    jobs = [(a, b, 30), (b, a, 5), (a, b, 1000)]
    threads = [threading.Thread(target=pay, args=job, name=f"payer {n}") for n, job in enumerate(jobs)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert a.balance + b.balance == 110 and refused == [1000]
    return a.balance, b.balance
