import threading


class NorthPole:
    def __init__(self, reindeer, group):
        self.c = threading.Condition()
        self.needed, self.group = reindeer, group
        self.back = self.asking = self.helped = 0
        self.sleigh = False

    def santa(self):
        with self.c:
            while not self.sleigh:
                self.c.wait_for(lambda: self.back == self.needed or self.asking >= self.group)
                if self.asking >= self.group and self.back < self.needed:
                    self.asking -= self.group
                    self.helped += self.group
                else:
                    self.sleigh = True
                self.c.notify_all()

    def reindeer(self):
        with self.c:
            self.back += 1
            self.c.notify_all()
            self.c.wait_for(lambda: self.sleigh)

    def elf(self):
        with self.c:
            self.asking += 1
            self.c.notify_all()
            self.c.wait_for(lambda: self.helped or self.sleigh)


def main():
    pole = NorthPole(reindeer=1, group=2)
    threads = [threading.Thread(target=pole.santa, name="santa")]
    threads += [threading.Thread(target=pole.reindeer, name="rudolph")]
    threads += [threading.Thread(target=pole.elf, name=f"elf {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert pole.sleigh
    return pole.sleigh
