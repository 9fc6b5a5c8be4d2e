"""Two producers, two consumers; each consumer is stopped by a sentinel of its own."""
import queue
import threading

DONE = object()


def produce(todo, numbers):
    for n in numbers:
        todo.put(n)


def consume(todo, results):
    while (item := todo.get()) is not DONE:
        results.put(item * item)


def main():
    todo, results = queue.Queue(maxsize=2), queue.Queue()
    producers = [
        threading.Thread(target=produce, args=(todo, numbers), name=f"producer {i}")
        for i, numbers in enumerate([(1, 2), (3,)])
    ]
    consumers = [threading.Thread(target=consume, args=(todo, results), name=f"consumer {i}") for i in range(2)]
    for thread in producers + consumers:
        thread.start()
    for thread in producers:
        thread.join()
    for _ in consumers:
        todo.put(DONE)
    for thread in consumers:
        thread.join()
    found = sorted(results.get_nowait() for _ in range(3))
    assert found == [1, 4, 9], found
    return found
