import threading


def main():
    parties, rounds = 2, 3
    sums = []
    cells = [0] * parties
    barrier = threading.Barrier(parties, action=lambda: sums.append(sum(cells)))

    def work(me):
        for n in range(rounds):
            cells[me] = n + me
            barrier.wait()

    threads = [threading.Thread(target=work, args=(i,), name=f"party {i}") for i in range(parties)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return sums
