"""Peterson's lock: both spin on plain attributes, and each gets in."""

import threading


class Lock:
    turn = 0

    def __init__(self):
        self.wants = [False, False]


def work(lock, me, log):
    other = 1 - me
    for _ in range(3):
        lock.wants[me] = True
        lock.turn = other
        while lock.wants[other] and lock.turn == other:
            pass
        log.append(me)
        lock.wants[me] = False


def main():
    lock, log = Lock(), []
    threads = [threading.Thread(name=f"worker {me}", target=work, args=(lock, me, log)) for me in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(log)
