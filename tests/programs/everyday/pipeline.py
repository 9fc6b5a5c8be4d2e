import queue
import threading

END = object()


def stage(function, inbox, outbox):
    while (item := inbox.get()) is not END:
        outbox.put(function(item))
    outbox.put(END)


def main():
    queues = [queue.Queue(maxsize=1) for _ in range(3)]
    functions = (str.strip, str.title)
    threads = [
        threading.Thread(target=stage, args=(f, queues[n], queues[n + 1]), name=f.__name__)
        for n, f in enumerate(functions)
    ]
    for t in threads:
        t.start()

    def feed():
        for word in (" ann ", "bob "):
            queues[0].put(word)
        queues[0].put(END)

    feeder = threading.Thread(target=feed, name="feeder")
    feeder.start()
    out = list(iter(queues[-1].get, END))
    for t in [feeder, *threads]:
        t.join()
    assert out == ["Ann", "Bob"]
    return out
