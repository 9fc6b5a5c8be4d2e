import sqlite3
import threading


class Store:
    def __init__(self):
        self.lock = threading.Lock()
        self.db = sqlite3.connect(":memory:", check_same_thread=False)
        self.db.execute("create table account (name text primary key, balance integer)")

    def deposit(self, name, amount):
        with self.lock, self.db:
            self.db.execute("insert or ignore into account values (?, 0)", (name,))
            self.db.execute("update account set balance = balance + ? where name = ?", (amount, name))

    def balance(self, name):
        with self.lock:
            return self.db.execute("select balance from account where name = ?", (name,)).fetchone()[0]


def main():
    store = Store()
    threads = [threading.Thread(target=store.deposit, args=("ann", n), name=f"deposit {n}") for n in (1, 2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert store.balance("ann") == 3
    return store.balance("ann")
