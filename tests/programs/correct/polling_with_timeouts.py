"""A consumer asks with a timeout, again and again, until the slow producer has delivered three times."""

import queue
import threading
import time


def produce(jobs):
    for n in range(3):
        time.sleep(7.3)
        jobs.put(n)


def consume(jobs, got):
    while len(got) < 3:
        try:
            got.append(jobs.get(timeout=0.5))
        except queue.Empty:
            pass


def main():
    jobs, got = queue.Queue(), []
    producer = threading.Thread(name="producer", target=produce, args=(jobs,))
    consumer = threading.Thread(name="consumer", target=consume, args=(jobs, got))
    producer.start()
    consumer.start()
    producer.join()
    consumer.join()
    return got
