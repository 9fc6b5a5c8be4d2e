import queue
import threading


class Actor(threading.Thread):
    def __init__(self, name):
        super().__init__(name=name, daemon=True)
        self._mailbox = queue.SimpleQueue()

    def tell(self, *message):
        self._mailbox.put(message)

    def run(self):
        while True:
            kind, *rest = self._mailbox.get()
            if kind == "stop":
                return
            getattr(self, f"on_{kind}")(*rest)


class Counter(Actor):
    def __init__(self):
        super().__init__("counter")
        self.value = 0

    def on_add(self, n):
        self.value += n

    def on_ask(self, box):
        box.put(self.value)


def main():
    counter, box = Counter(), queue.SimpleQueue()
    counter.start()
    senders = [threading.Thread(target=counter.tell, args=("add", n), name=f"adds {n}") for n in (1, 2)]
    for s in senders:
        s.start()
    for s in senders:
        s.join()
    counter.tell("ask", box)
    value = box.get()
    counter.tell("stop")
    counter.join()
    assert value == 3
    return value
