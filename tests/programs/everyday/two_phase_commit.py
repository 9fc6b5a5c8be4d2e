import queue
import threading


class Participant(threading.Thread):
    def __init__(self, name, votes, agrees):
        super().__init__(name=name)
        self.votes, self.agrees, self.inbox, self.state = votes, agrees, queue.Queue(), "idle"

    def run(self):
        while True:
            message = self.inbox.get()
            if message == "prepare":
                self.state = "prepared" if self.agrees else "refused"
                self.votes.put((self.name, self.agrees))
            else:
                self.state = message
                return


def main():
    votes = queue.Queue()
    members = [Participant("db", votes, True), Participant("mail", votes, False)]
    for m in members:
        m.start()
        m.inbox.put("prepare")
    decision = "commit" if all([votes.get()[1] for _ in members]) else "abort"
    for m in members:
        m.inbox.put(decision)
    for m in members:
        m.join()
    assert {m.state for m in members} == {"abort"}
    return decision
