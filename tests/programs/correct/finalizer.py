"""An object's finalizer releases what another thread waits for."""

import threading


class Loan:
    def __init__(self, permits):
        self.permits = permits
        permits.acquire()

    def __del__(self):
        self.permits.release()


def main():
    permits, log = threading.Semaphore(1), []

    def borrow():
        for _ in range(3):
            loan = Loan(permits)
            log.append(1)
            del loan

    threads = [threading.Thread(name=f"borrower {n}", target=borrow) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(log)
