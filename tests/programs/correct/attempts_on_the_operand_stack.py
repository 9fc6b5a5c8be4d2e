"""While the thread tries, the number is nowhere but between two halves of an expression."""

import threading


class Purse:
    coins = 0


def take_all(purse):
    coins, purse.coins = purse.coins, 0
    return coins


def attempt(lock):
    lock.acquire(blocking=False)
    lock.acquire(blocking=False)
    return 1


def work(lock, purse):
    while purse.coins < 100:
        purse.coins = take_all(purse) + attempt(lock)


def main():
    lock, purse = threading.Lock(), Purse()
    with lock:
        worker = threading.Thread(name="worker", target=work, args=(lock, purse))
        worker.start()
        worker.join()
    return purse.coins
