"""The same loop again and again; each time, the count lies in another hiding place."""

import array
import collections
import contextvars
import functools
import heapq
import io
import threading

N = 40


class Slotted:
    __slots__ = ("left",)


class Klass:
    left = N


class Text(str):
    pass


def tries(lock, more):
    while more():
        lock.acquire(blocking=False)


def hiding_places():
    numbers = [0] * N
    yield lambda: numbers and numbers.pop() is not None
    queue = collections.deque([0] * N)
    yield lambda: queue and queue.popleft() is not None
    heap = [0] * N
    yield lambda: heap and heapq.heappop(heap) is not None
    table = {n: None for n in range(N)}
    yield lambda: table and table.popitem()
    names = set(range(N))
    yield lambda: names and (names.pop(), True)
    data = array.array("b", [0] * N)
    yield lambda: data and data.pop() is not None
    raw = bytearray(N)
    yield lambda: raw and raw.pop() is not None
    file = io.StringIO("\n" * N)
    yield lambda: file.readline()
    slotted = Slotted()
    slotted.left = N

    def use_slot():
        slotted.left -= 1
        return slotted.left

    yield use_slot

    def use_class():
        Klass.left -= 1
        return Klass.left

    yield use_class

    def use_itself():
        use_itself.left -= 1
        return use_itself.left

    use_itself.left = N
    yield use_itself

    def use_default(left=[N]):
        left[0] -= 1
        return left[0]

    yield use_default
    yield iter([1] * N + [0]).__next__
    yield functools.partial(next, iter([1] * N + [0]))
    ordered = collections.OrderedDict.fromkeys(range(N))
    yield lambda: ordered and ordered.popitem(last=False)
    error = ValueError(N)

    def use_error():
        error.args = (error.args[0] - 1,)
        return error.args[0]

    yield use_error
    local = threading.local()

    def use_local():
        local.left = getattr(local, "left", N) - 1
        return local.left

    yield use_local
    variable = contextvars.ContextVar("left", default=N)

    def use_context():
        variable.set(variable.get() - 1)
        return variable.get()

    yield use_context
    text = [Text("x" * N)]

    def use_text():
        text[0] = Text(text[0][1:])
        return text[0]

    yield use_text


def main():
    lock, done = threading.Lock(), []
    with lock:
        for number, more in enumerate(hiding_places()):
            worker = threading.Thread(name=f"worker {number}", target=tries, args=(lock, more))
            worker.start()
            worker.join()
            done.append(number)
    return len(done)
