import threading


class Semaphore:
    def __init__(self, value):
        self.value, self.condition = value, threading.Condition()

    def __enter__(self):
        with self.condition:
            while self.value == 0:
                self.condition.wait()
            self.value -= 1

    def __exit__(self, *error):
        with self.condition:
            self.value += 1
            self.condition.notify()


def main():
    room, lock, inside, most = Semaphore(2), threading.Lock(), 0, 0

    def visit():
        nonlocal inside, most
        with room:
            with lock:
                inside += 1
                most = max(most, inside)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=visit, name=f"visitor {n}") for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert inside == 0 and most <= 2
    return inside
