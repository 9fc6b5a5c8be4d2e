"""An RLock taken three deep, by three threads."""

import threading


def main():
    lock, log = threading.RLock(), []

    def down(n):
        with lock:
            log.append(n)
            if n:
                down(n - 1)

    threads = [threading.Thread(name=f"worker {n}", target=down, args=(3,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return log
