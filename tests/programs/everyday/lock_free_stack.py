"""Treiber's stack on a compare-and-swap that a lock makes atomic."""
import threading


class Reference:
    def __init__(self, value=None):
        self.value, self._lock = value, threading.Lock()

    def compare_and_set(self, old, new):
        with self._lock:
            if self.value is not old:
                return False
            self.value = new
            return True


class Stack:
    def __init__(self):
        self.top = Reference()

    def push(self, item):
        while True:
            old = self.top.value
            if self.top.compare_and_set(old, (item, old)):
                return

    def pop(self):
        while (old := self.top.value) is not None:
            if self.top.compare_and_set(old, old[1]):
                return old[0]
        return None


def main():
    stack, popped = Stack(), []
    threads = [threading.Thread(target=stack.push, args=(n,), name=f"push {n}") for n in range(2)]
    threads.append(threading.Thread(target=lambda: popped.append(stack.pop()), name="pop"))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    while (item := stack.pop()) is not None:
        popped.append(item)
    assert sorted(x for x in popped if x is not None) == [0, 1]
    return len(popped)
