import itertools
import threading


class TicketLock:
    def __init__(self):
        self._tickets, self._serving, self._condition = itertools.count(), 0, threading.Condition()

    def __enter__(self):
        with self._condition:
            mine = next(self._tickets)
            self._condition.wait_for(lambda: self._serving == mine)

    def __exit__(self, *error):
        with self._condition:
            self._serving += 1
            self._condition.notify_all()


def main():
    lock, total = TicketLock(), [0]

    def add():
        with lock:
            total[0] += 1

    threads = [threading.Thread(target=add, name=f"t{n}") for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert total == [3]
    return total
