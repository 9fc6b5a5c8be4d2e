"""Two desks share the shop's only database connection; whoever needs it takes it from the pool."""
import threading


class Connection:
    def __init__(self):
        self.statement = None


class Pool:
    def __init__(self, size):
        self.free = [Connection() for _ in range(size)]
        self.lock = threading.Lock()
        self.permits = threading.Semaphore(size)

    def take(self):
        self.permits.acquire()
        with self.lock:
            return self.free.pop()

    def give_back(self, connection):
        with self.lock:
            self.free.append(connection)
        self.permits.release()


def process_order(order_id, card, pool, saved):
    connection = pool.take()
    try:
        if card == "declined":
            pool.give_back(connection)
            return
        connection.statement = f"save {order_id}"
        saved.append(connection.statement)
    finally:
        pool.give_back(connection)


def work(orders, pool, saved):
    for order_id, card in orders:
        process_order(order_id, card, pool, saved)


def main(threads=2):
    pool = Pool(size=1)
    saved = []
    piles = [[("order 1", "declined"), ("order 2", "valid")]]
    piles += [[(f"order {number + 1}", "valid")] for number in range(2, threads + 1)]
    desks = [
        threading.Thread(target=work, args=(pile, pool, saved), name=f"desk {number}")
        for number, pile in enumerate(piles, 1)
    ]
    for desk in desks:
        desk.start()
    for desk in desks:
        desk.join()
    return sorted(saved)


if __name__ == "__main__":
    print(main())
