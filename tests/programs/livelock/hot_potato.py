"""Two workers, each of whom holds the other one responsible for the job."""

import queue
import threading


def work(mine, theirs):
    while (job := mine.get()) is not None:
        theirs.put(job)


def main():
    left, right = queue.Queue(), queue.Queue()
    one = threading.Thread(name="one", target=work, args=(left, right))
    two = threading.Thread(name="two", target=work, args=(right, left))
    one.start()
    two.start()
    left.put("potato")
    one.join()
    two.join()
