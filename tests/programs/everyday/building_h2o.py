import threading


class Water:
    def __init__(self):
        self.hydrogen, self.oxygen = threading.Semaphore(2), threading.Semaphore(1)
        self.bond = threading.Barrier(3, action=self._bonded)
        self.parts, self.molecules, self.lock = [], [], threading.Lock()

    def _bonded(self):
        self.molecules.append("".join(sorted(self.parts)))
        self.parts.clear()

    def add(self, kind):
        gate = self.hydrogen if kind == "H" else self.oxygen
        with gate:
            with self.lock:
                self.parts.append(kind)
            self.bond.wait()


def main():
    water = Water()
    atoms = [threading.Thread(target=water.add, args=(k,), name=f"{k}{n}") for n, k in enumerate("HHO")]
    for a in atoms:
        a.start()
    for a in atoms:
        a.join()
    assert water.molecules == ["HHO"]
    return water.molecules
