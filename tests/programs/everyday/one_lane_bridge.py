import threading


class Bridge:
    def __init__(self):
        self.c, self.direction, self.cars = threading.Condition(), None, 0

    def enter(self, direction):
        with self.c:
            self.c.wait_for(lambda: self.cars == 0 or self.direction == direction)
            self.direction = direction
            self.cars += 1

    def leave(self):
        with self.c:
            self.cars -= 1
            if not self.cars:
                self.c.notify_all()


def main():
    bridge, on, guard = Bridge(), {"N": 0, "S": 0}, threading.Lock()

    def car(direction):
        bridge.enter(direction)
        with guard:
            on[direction] += 1
            assert not (on["N"] and on["S"])
        with guard:
            on[direction] -= 1
        bridge.leave()

    cars = [threading.Thread(target=car, args=(d,), name=f"car {n} {d}") for n, d in enumerate("NSN")]
    for c in cars:
        c.start()
    for c in cars:
        c.join()
    return on
