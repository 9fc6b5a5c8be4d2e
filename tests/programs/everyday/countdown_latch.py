import threading


class Latch:
    def __init__(self, count):
        self.count, self.condition = count, threading.Condition()

    def count_down(self):
        with self.condition:
            self.count -= 1
            if self.count <= 0:
                self.condition.notify_all()

    def wait(self):
        with self.condition:
            while self.count > 0:
                self.condition.wait()


def main():
    ready, go, order = Latch(2), Latch(1), []

    def runner(name):
        ready.count_down()
        go.wait()
        order.append(name)

    runners = [threading.Thread(target=runner, args=(n,), name=n) for n in ("ann", "bob")]
    for r in runners:
        r.start()
    ready.wait()
    assert order == []
    go.count_down()
    for r in runners:
        r.join()
    assert sorted(order) == ["ann", "bob"]
    return sorted(order)
