import threading


class Exchanger:
    def __init__(self):
        self._condition, self._slot, self._taken = threading.Condition(), [], 0

    def exchange(self, item):
        with self._condition:
            if self._slot:
                box = self._slot.pop()
                other, box[0], box[1] = box[0], item, True
                self._condition.notify_all()
                return other
            box = [item, False]
            self._slot.append(box)
            self._condition.wait_for(lambda: box[1])
            return box[0]


def main():
    exchanger, got = Exchanger(), {}

    def trade(name, item):
        got[name] = exchanger.exchange(item)

    threads = [threading.Thread(target=trade, args=pair, name=pair[0]) for pair in (("ann", 1), ("bob", 2))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == {"ann": 2, "bob": 1}
    return sorted(got.items())
