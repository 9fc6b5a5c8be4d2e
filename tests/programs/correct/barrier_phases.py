"""Three threads, four phases, one barrier."""

import threading


def main():
    barrier, log = threading.Barrier(3), []

    def work(n):
        for phase in range(4):
            log.append(phase)
            barrier.wait()

    threads = [threading.Thread(name=f"worker {n}", target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return log
