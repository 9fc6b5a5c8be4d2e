"""Listeners are replaced as a whole; who notifies needs no lock."""
import threading


class Subject:
    def __init__(self):
        self._listeners, self._lock = (), threading.Lock()

    def subscribe(self, listener):
        with self._lock:
            self._listeners = (*self._listeners, listener)

    def unsubscribe(self, listener):
        with self._lock:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

    def fire(self, event):
        for listener in self._listeners:
            listener(event)


def main():
    subject, heard = Subject(), []

    def always(event):
        heard.append(("always", event))

    def sometimes(event):
        heard.append(("sometimes", event))

    subject.subscribe(always)

    def come_and_go():
        subject.subscribe(sometimes)
        subject.unsubscribe(sometimes)

    thread = threading.Thread(target=come_and_go, name="visitor")
    thread.start()
    subject.fire(1)
    thread.join()
    subject.fire(2)
    assert ("always", 1) in heard and ("always", 2) in heard and ("sometimes", 2) not in heard
    return len([who for who, _ in heard if who == "always"])
