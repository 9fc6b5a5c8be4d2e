import queue
import threading


class Node(threading.Thread):
    def __init__(self, name):
        super().__init__(name=name)
        self.clock, self.inbox, self.peers, self.log = 0, queue.Queue(), [], []

    def send(self):
        self.clock += 1
        self.log.append(("sent", self.clock))
        for peer in self.peers:
            peer.inbox.put(self.clock)

    def receive(self):
        stamp = self.inbox.get()
        self.clock = max(self.clock, stamp) + 1
        assert self.clock > stamp
        self.log.append(("received", self.clock))

    def run(self):
        self.send()
        for _ in self.peers:
            self.receive()


def main():
    nodes = [Node(name) for name in ("ann", "bob")]
    for node in nodes:
        node.peers = [peer for peer in nodes if peer is not node]
    for node in nodes:
        node.start()
    for node in nodes:
        node.join()
    assert all([stamp for _, stamp in node.log] == sorted({stamp for _, stamp in node.log}) for node in nodes)
    return [node.log for node in nodes]
