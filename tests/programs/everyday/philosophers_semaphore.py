import threading


def main():
    count = 3
    forks, room, meals = [threading.Lock() for _ in range(count)], threading.Semaphore(count - 1), [0] * count

    def philosopher(n):
        with room, forks[n], forks[(n + 1) % count]:
            meals[n] += 1

    threads = [threading.Thread(target=philosopher, args=(n,), name=f"p{n}") for n in range(count)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert meals == [1, 1, 1]
    return meals
