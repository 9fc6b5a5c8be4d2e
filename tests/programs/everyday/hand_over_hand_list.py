import threading


class Node:
    def __init__(self, value, after):
        self.value, self.after, self.lock = value, after, threading.Lock()


class SortedList:
    def __init__(self):
        self.head = Node(float("-inf"), Node(float("inf"), None))

    def insert(self, value):
        before = self.head
        before.lock.acquire()
        node = before.after
        node.lock.acquire()
        while node.value < value:
            before.lock.release()
            before, node = node, node.after
            node.lock.acquire()
        before.after = Node(value, node)
        before.lock.release()
        node.lock.release()

    def values(self):
        node, out = self.head.after, []
        while node.after is not None:
            out.append(node.value)
            node = node.after
        return out


def main():
    numbers = SortedList()
    threads = [threading.Thread(target=numbers.insert, args=(n,), name=f"insert {n}") for n in (2, 1, 3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert numbers.values() == [1, 2, 3]
    return numbers.values()
