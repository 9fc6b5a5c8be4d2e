import threading


class Table:
    def __init__(self):
        self.condition, self.missing, self.smoked = threading.Condition(), None, []

    def offer(self, missing):
        with self.condition:
            self.condition.wait_for(lambda: self.missing is None)
            self.missing = missing
            self.condition.notify_all()

    def take(self, mine):
        with self.condition:
            self.condition.wait_for(lambda: self.missing in (mine, "closed"))
            if self.missing == "closed":
                return False
            self.smoked.append(mine)
            self.missing = None
            self.condition.notify_all()
            return True


def main():
    table = Table()

    def smoker(mine):
        while table.take(mine):
            pass

    smokers = [threading.Thread(target=smoker, args=(m,), name=m) for m in ("paper", "tobacco", "matches")]
    for s in smokers:
        s.start()
    for missing in ("paper", "matches", "closed"):
        table.offer(missing)
    for s in smokers:
        s.join()
    assert table.smoked == ["paper", "matches"]
    return table.smoked
