import queue
import threading
from collections import defaultdict


class Broker:
    def __init__(self):
        self._lock, self._topics = threading.Lock(), defaultdict(list)

    def subscribe(self, topic):
        box = queue.SimpleQueue()
        with self._lock:
            self._topics[topic].append(box)
        return box

    def publish(self, topic, message):
        with self._lock:
            boxes = list(self._topics[topic])
        for box in boxes:
            box.put(message)


def main():
    broker, heard = Broker(), {}

    def listen(name, box):
        got = []
        while (message := box.get()) is not None:
            got.append(message)
        heard[name] = got

    threads = [
        threading.Thread(target=listen, args=(name, broker.subscribe("news")), name=name) for name in ("ann", "bob")
    ]
    for t in threads:
        t.start()
    for message in ("rain", "sun", None):
        broker.publish("news", message)
    for t in threads:
        t.join()
    assert heard == {"ann": ["rain", "sun"], "bob": ["rain", "sun"]}
    return sorted(heard.items())
