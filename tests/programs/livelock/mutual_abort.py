"""Each transaction that finds itself aborted starts anew, which aborts the other one."""

import threading


class Transactions:
    def __init__(self):
        self.active = None
        self.lock = threading.Lock()

    def begin(self, me):
        with self.lock:
            self.active = me

    def commit_or_begin(self, me):
        with self.lock:
            if self.active == me:
                return True
            self.active = me
            return False


def work(transactions, me):
    transactions.begin(me)
    while not transactions.commit_or_begin(me):
        pass


def main():
    transactions = Transactions()
    threads = [threading.Thread(name=name, target=work, args=(transactions, name)) for name in ("red", "blue")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
