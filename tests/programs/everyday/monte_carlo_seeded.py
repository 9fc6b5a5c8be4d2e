import random
import threading


def main():
    hits, lock = [], threading.Lock()

    def throw(seed):
        own = random.Random(seed)
        inside = sum(own.random() ** 2 + own.random() ** 2 < 1 for _ in range(100))
        with lock:
            hits.append(inside)

    threads = [threading.Thread(target=throw, args=(seed,), name=f"seed {seed}") for seed in (1, 2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    total = sum(hits)
    assert 120 < total < 190
    return total
