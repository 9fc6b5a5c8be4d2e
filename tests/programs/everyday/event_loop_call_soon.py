"""A small loop in a thread of its own, to which others hand their calls."""
import queue
import threading
from concurrent.futures import Future


class Loop:
    def __init__(self):
        self._calls = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="loop")
        self._thread.start()

    def _run(self):
        while (call := self._calls.get()) is not None:
            future, function, args = call
            try:
                future.set_result(function(*args))
            except Exception as error:
                future.set_exception(error)

    def call_soon_threadsafe(self, function, *args):
        future = Future()
        self._calls.put((future, function, args))
        return future

    def close(self):
        self._calls.put(None)
        self._thread.join()


def main():
    loop, counter = Loop(), {"n": 0}

    def bump():
        counter["n"] += 1  # only the loop's thread does this
        return counter["n"]

    def client():
        return loop.call_soon_threadsafe(bump).result()

    clients = [threading.Thread(target=client, name=f"client {n}") for n in range(2)]
    for c in clients:
        c.start()
    last = loop.call_soon_threadsafe(divmod, 1, 0)
    for c in clients:
        c.join()
    assert isinstance(last.exception(), ZeroDivisionError)
    loop.close()
    assert counter["n"] == 2
    return counter
