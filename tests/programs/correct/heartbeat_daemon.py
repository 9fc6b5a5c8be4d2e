"""A daemon beats for ever while two threads pass a ball; then the program is over."""

import queue
import threading
import time


def beat():
    while True:
        time.sleep(0.1)


def play(mine, theirs, rounds):
    for _ in range(rounds):
        ball = mine.get()
        time.sleep(1)
        theirs.put(ball)


def main():
    left, right = queue.Queue(), queue.Queue()
    threading.Thread(name="heartbeat", target=beat, daemon=True).start()
    one = threading.Thread(name="one", target=play, args=(left, right, 5))
    two = threading.Thread(name="two", target=play, args=(right, left, 5))
    one.start()
    two.start()
    left.put("ball")
    one.join()
    two.join()
    return left.get()
