"""All locks or none, tried one after the other in a `for` loop; the two walk through the list from opposite ends."""

import threading


def take_all(locks):
    taken = []
    for lock in locks:
        if not lock.acquire(blocking=False):
            for held in taken:
                held.release()
            return False
        taken.append(lock)
    return True


def work(locks):
    while not take_all(locks):
        pass
    for lock in locks:
        lock.release()


def main():
    locks = [threading.Lock(), threading.Lock()]
    one = threading.Thread(name="one", target=work, args=(locks,))
    two = threading.Thread(name="two", target=work, args=(locks[::-1],))
    one.start()
    two.start()
    one.join()
    two.join()
