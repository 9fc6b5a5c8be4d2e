import threading


class Node:
    def __init__(self, value=None):
        self.value, self.next = value, None


class TwoLockQueue:
    def __init__(self):
        self.head = self.tail = Node()
        self.head_lock, self.tail_lock = threading.Lock(), threading.Lock()

    def put(self, value):
        node = Node(value)
        with self.tail_lock:
            self.tail.next = node
            self.tail = node

    def get(self):
        with self.head_lock:
            first = self.head.next
            if first is None:
                return None
            self.head = first
            return first.value


def main():
    fifo, got = TwoLockQueue(), []

    def put():
        fifo.put(1)
        fifo.put(2)

    def get():
        while len(got) < 2:
            if (value := fifo.get()) is not None:
                got.append(value)

    threads = [threading.Thread(target=put, name="putter"), threading.Thread(target=get, name="getter")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [1, 2]
    return got
