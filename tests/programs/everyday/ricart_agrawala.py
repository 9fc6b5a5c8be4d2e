import queue
import threading


class Site(threading.Thread):
    def __init__(self, number):
        super().__init__(name=f"site {number}")
        self.number, self.inbox, self.peers = number, queue.Queue(), []
        self.clock, self.deferred, self.inside = 0, [], None

    def run(self):
        self.clock += 1
        mine = (self.clock, self.number)
        for peer in self.peers:
            peer.inbox.put(("request", mine, self))
        replies = releases = 0
        while replies < len(self.peers):
            kind, stamp, sender = self.inbox.get()
            if kind == "reply":
                replies += 1
            elif stamp < mine:
                sender.inbox.put(("reply", stamp, self))
                releases += 1
            else:
                self.deferred.append(sender)
        self.inside.append(self.number)
        assert self.inside == [self.number]
        self.inside.remove(self.number)
        for sender in self.deferred:
            sender.inbox.put(("reply", None, self))
            releases += 1
        while releases < len(self.peers):
            kind, stamp, sender = self.inbox.get()
            assert kind == "request"
            sender.inbox.put(("reply", stamp, self))
            releases += 1


def main():
    sites, inside = [Site(n) for n in range(2)], []
    for site in sites:
        site.peers, site.inside = [peer for peer in sites if peer is not site], inside
    for site in sites:
        site.start()
    for site in sites:
        site.join()
    return "done"
