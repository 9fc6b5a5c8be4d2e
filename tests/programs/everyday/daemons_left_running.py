import itertools
import threading
import time


def main():
    ticks = []

    def tick():
        for n in itertools.count():
            ticks.append(n)
            time.sleep(1)

    for n in range(2):
        threading.Thread(target=tick, name=f"ticker {n}", daemon=True).start()
    return "done"
