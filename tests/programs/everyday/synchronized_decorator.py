import functools
import threading


def synchronized(method):
    @functools.wraps(method)
    def wrapper(self, *args, **kwargs):
        with self._lock:
            return method(self, *args, **kwargs)

    return wrapper


class Stack:
    def __init__(self):
        self._lock, self._items = threading.RLock(), []

    @synchronized
    def push(self, item):
        self._items.append(item)

    @synchronized
    def pop(self):
        return self._items.pop() if self._items else None

    @synchronized
    def swap_top(self):
        a, b = self.pop(), self.pop()
        self.push(a)
        self.push(b)

    @property
    @synchronized
    def size(self):
        return len(self._items)


def main():
    stack = Stack()
    for n in (1, 2, 3):
        stack.push(n)
    threads = [threading.Thread(target=stack.swap_top, name=f"swapper {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert stack.size == 3
    return stack._items
