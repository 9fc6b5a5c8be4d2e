"""5,000 steps under a lock while two others wait for it."""

import threading


class Sum:
    total = 0


def compute(lock, result):
    with lock:
        for n in range(1250):
            result.total += n
            result.total %= 7


def wait(lock, log):
    with lock:
        log.append("at last")


def main():
    lock, result, log = threading.Lock(), Sum(), []
    threads = [threading.Thread(name="computer", target=compute, args=(lock, result))]
    threads += [threading.Thread(name=f"waiter {n}", target=wait, args=(lock, log)) for n in range(2)]
    for thread in threads:
        thread.start()
    while len(log) < 2 and result.total >= 0:
        if not threads[0].is_alive():
            break
    for thread in threads:
        thread.join()
    return result.total, log
