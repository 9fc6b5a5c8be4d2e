"""The producer needs much longer than the consumer, which polls without a pause of its own."""

import collections
import threading
import time


def main():
    box, got = collections.deque(), []

    def produce():
        for n in range(3):
            time.sleep(10)
            box.append(n)

    def consume():
        while len(got) < 3:
            if box:
                got.append(box.popleft())
            else:
                time.sleep(0.2)

    producer = threading.Thread(name="producer", target=produce)
    consumer = threading.Thread(name="consumer", target=consume)
    producer.start()
    consumer.start()
    producer.join()
    consumer.join()
    return got
