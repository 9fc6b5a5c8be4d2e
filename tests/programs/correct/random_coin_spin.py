"""A thread throws a coin until it has come down heads ten times running: no variable tells how long it will take."""

from random import random
import threading


def throw(lock, log):
    heads = 0
    while heads < 5:
        with lock:
            heads = heads + 1 if random() < 0.5 else 0
    log.append("lucky")


def main():
    lock, log = threading.Lock(), []
    one = threading.Thread(name="one", target=throw, args=(lock, log))
    two = threading.Thread(name="two", target=throw, args=(lock, log))
    one.start()
    two.start()
    one.join()
    two.join()
    return log
