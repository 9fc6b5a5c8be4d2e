"""Four philosophers, of whom the waiter lets three sit down."""

import threading


def main():
    forks, seats, log = [threading.Lock() for _ in range(4)], threading.Semaphore(3), []

    def dine(n):
        for _ in range(2):
            with seats:
                with forks[n], forks[(n + 1) % 4]:
                    log.append(n)

    threads = [threading.Thread(name=f"philosopher {n}", target=dine, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(log)
