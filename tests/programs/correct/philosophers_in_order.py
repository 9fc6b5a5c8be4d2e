"""Four philosophers; each takes the fork with the lower number first."""

import threading


def dine(first, second, log):
    for _ in range(2):
        with first, second:
            log.append(1)


def main():
    forks, log = [threading.Lock() for _ in range(4)], []
    threads = []
    for n in range(4):
        low, high = sorted((n, (n + 1) % 4))
        threads.append(threading.Thread(name=f"philosopher {n}", target=dine, args=(forks[low], forks[high], log)))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(log)
