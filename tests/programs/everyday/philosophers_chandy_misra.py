"""Forks are dirty or clean, and requested from the neighbour."""
import threading


class Table:
    def __init__(self, count):
        self.count = count
        self.state = ["thinking"] * count
        self.monitor = threading.Lock()
        self.may_eat = [threading.Condition(self.monitor) for _ in range(count)]

    def _test(self, n):
        left, right = (n - 1) % self.count, (n + 1) % self.count
        if self.state[n] == "hungry" and "eating" not in (self.state[left], self.state[right]):
            self.state[n] = "eating"
            self.may_eat[n].notify()

    def pick_up(self, n):
        with self.monitor:
            self.state[n] = "hungry"
            self._test(n)
            while self.state[n] != "eating":
                self.may_eat[n].wait()

    def put_down(self, n):
        with self.monitor:
            self.state[n] = "thinking"
            self._test((n - 1) % self.count)
            self._test((n + 1) % self.count)


def main():
    table, plates = Table(3), []

    def philosopher(n):
        table.pick_up(n)
        plates.append(n)
        table.put_down(n)

    threads = [threading.Thread(target=philosopher, args=(n,), name=f"philosopher {n}") for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(plates) == [0, 1, 2]
    return sorted(plates)
