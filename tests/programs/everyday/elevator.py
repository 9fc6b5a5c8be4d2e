import queue
import threading
import time


class Elevator(threading.Thread):
    def __init__(self, floors):
        super().__init__(name="elevator")
        self.calls, self.floor, self.floors, self.visited = queue.Queue(), 0, floors, []

    def run(self):
        while (call := self.calls.get()) is not None:
            floor, arrived = call
            while self.floor != floor:
                time.sleep(1)
                self.floor += 1 if floor > self.floor else -1
            self.visited.append(floor)
            arrived.set()

    def go(self, floor):
        arrived = threading.Event()
        self.calls.put((floor, arrived))
        arrived.wait()


def main():
    elevator = Elevator(5)
    elevator.start()
    people = [threading.Thread(target=elevator.go, args=(f,), name=f"to {f}") for f in (3, 1)]
    for p in people:
        p.start()
    for p in people:
        p.join()
    elevator.calls.put(None)
    elevator.join()
    assert sorted(elevator.visited) == [1, 3]
    return sorted(elevator.visited)
