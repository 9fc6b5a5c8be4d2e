"""Two take turns with a condition and a variable that says whose turn it is."""

import threading


def main():
    turn, log, changed = ["ping"], [], threading.Condition()

    def play(me, other):
        for _ in range(5):
            with changed:
                changed.wait_for(lambda: turn[0] == me)
                log.append(me)
                turn[0] = other
                changed.notify()

    pairs = (("ping", "pong"), ("pong", "ping"))
    threads = [threading.Thread(name=me, target=play, args=(me, other)) for me, other in pairs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return log
