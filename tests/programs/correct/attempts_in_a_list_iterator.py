"""Two walk in step through lists of equal elements, each trying what the other one holds."""

import threading


def attempt(mine, theirs, log):
    for _ in [0] * 60:
        with mine:
            if theirs.acquire(blocking=False):
                theirs.release()
    log.append("done")


def main():
    a, b, log = threading.Lock(), threading.Lock(), []
    one = threading.Thread(name="one", target=attempt, args=(a, b, log))
    two = threading.Thread(name="two", target=attempt, args=(b, a, log))
    one.start()
    two.start()
    one.join()
    two.join()
    return log
