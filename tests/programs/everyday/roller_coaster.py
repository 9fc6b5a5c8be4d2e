import threading


class Coaster:
    def __init__(self, seats):
        self.seats, self.c = seats, threading.Condition()
        self.aboard, self.phase, self.rides = 0, "closed", 0

    def car(self, rides):
        for _ in range(rides):
            with self.c:
                self.phase = "boarding"
                self.c.notify_all()
                self.c.wait_for(lambda: self.aboard == self.seats)
                self.phase = "unloading"
                self.rides += 1
                self.c.notify_all()
                self.c.wait_for(lambda: self.aboard == 0)

    def passenger(self):
        with self.c:
            self.c.wait_for(lambda: self.phase == "boarding" and self.aboard < self.seats)
            self.aboard += 1
            self.c.notify_all()
            self.c.wait_for(lambda: self.phase == "unloading")
            self.aboard -= 1
            self.c.notify_all()


def main():
    coaster = Coaster(seats=2)
    threads = [threading.Thread(target=coaster.car, args=(1,), name="car")]
    threads += [threading.Thread(target=coaster.passenger, name=f"passenger {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert coaster.rides == 1 and coaster.aboard == 0
    return coaster.rides
