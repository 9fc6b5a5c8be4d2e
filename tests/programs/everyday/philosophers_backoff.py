"""Philosophers who put a fork back, and try again later than anybody else; the tries are bounded."""
import threading
import time


def dine(seat, left, right, eaten):
    pause = 0.001 * (seat + 1)
    while True:
        with left:
            if right.acquire(timeout=pause):
                try:
                    eaten.append(seat)
                    return
                finally:
                    right.release()
        time.sleep(pause)
        pause += 0.001 * (seat + 1)


def main():
    forks, eaten = [threading.Lock() for _ in range(3)], []
    seats = [
        threading.Thread(target=dine, args=(n, forks[n], forks[(n + 1) % 3], eaten), name=f"philosopher {n}")
        for n in range(3)
    ]
    for s in seats:
        s.start()
    for s in seats:
        s.join()
    return sorted(eaten)
