"""Threads that start threads and wait for them."""

import threading


def grow(depth, leaves, lock):
    if depth == 0:
        with lock:
            leaves.append(1)
        return
    smaller = (depth - 1, leaves, lock)
    branches = [threading.Thread(name=f"branch {depth}.{n}", target=grow, args=smaller) for n in range(2)]
    for branch in branches:
        branch.start()
    for branch in branches:
        branch.join()


def main():
    leaves = []
    grow(3, leaves, threading.Lock())
    return len(leaves)
