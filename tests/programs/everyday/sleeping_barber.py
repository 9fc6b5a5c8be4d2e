import threading
from collections import deque


def main():
    chairs, served, turned_away = 1, [], []
    mutex, customers = threading.Lock(), threading.Semaphore(0)
    waiting = deque()

    def barber():
        while True:
            customers.acquire()
            with mutex:
                name, done = waiting.popleft()
            if name is None:
                return
            served.append(name)
            done.set()

    def customer(name):
        done = threading.Event()
        with mutex:
            if len(waiting) >= chairs:
                turned_away.append(name)
                return
            waiting.append((name, done))
            customers.release()
        done.wait()

    shop = threading.Thread(target=barber, name="barber")
    shop.start()
    people = [threading.Thread(target=customer, args=(n,), name=n) for n in ("ann", "bob")]
    for p in people:
        p.start()
    for p in people:
        p.join()
    with mutex:
        waiting.append((None, None))
    customers.release()
    shop.join()
    assert len(served) + len(turned_away) == 2 and served
    return len(served) > 0
