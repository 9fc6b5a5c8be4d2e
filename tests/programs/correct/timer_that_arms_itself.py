"""A timer starts its successor, ten times."""

import threading


def main():
    ticks, done = [], threading.Event()

    def tick():
        ticks.append(1)
        if len(ticks) == 10:
            done.set()
        else:
            threading.Timer(1, tick).start()

    tick()
    done.wait()
    return len(ticks)
