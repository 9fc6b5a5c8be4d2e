"""Two RLocks in opposite orders; a third thread would go on for 100,000 steps."""

import threading


class Sum:
    total = 0


def work(first, second):
    with first:
        with second:
            pass


def compute(result):
    for n in range(50_000):
        result.total += n


def main():
    a, b, result = threading.RLock(), threading.RLock(), Sum()
    one = threading.Thread(name="one", target=work, args=(a, b))
    two = threading.Thread(name="two", target=work, args=(b, a))
    computer = threading.Thread(name="computer", target=compute, args=(result,))
    for thread in (one, two, computer):
        thread.start()
    for thread in (one, two, computer):
        thread.join()
    return result.total
