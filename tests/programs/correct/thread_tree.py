"""Threads that start threads and wait for them."""

import threading


def grow(depth, leaves, lock):
    if depth == 0:
        with lock:
            leaves.append(1)
        return
    branches = [threading.Thread(name=f"branch {depth}.{n}", target=grow, args=(depth - 1, leaves, lock)) for n in range(2)]
    for branch in branches:
        branch.start()
    for branch in branches:
        branch.join()


def main():
    leaves = []
    grow(3, leaves, threading.Lock())
    return len(leaves)
