"""Readers together, writers alone."""

import threading

from readerwriterlock import rwlock


def main():
    lock, inside = rwlock.RWLockFair(), []

    def read():
        with lock.gen_rlock():
            inside.append("r")
            assert "w" not in inside
            inside.remove("r")

    def write():
        with lock.gen_wlock():
            inside.append("w")
            assert inside == ["w"]
            inside.remove("w")

    targets = {"r1": read, "w": write, "r2": read}
    threads = [threading.Thread(target=target, name=name) for name, target in targets.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "readers together, writers alone"
