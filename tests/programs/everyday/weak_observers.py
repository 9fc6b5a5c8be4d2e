import threading
import weakref


class Hub:
    def __init__(self):
        self.lock, self.observers = threading.Lock(), []

    def watch(self, method):
        with self.lock:
            self.observers.append(weakref.WeakMethod(method))

    def fire(self, value):
        with self.lock:
            alive = [o for o in self.observers if o() is not None]
            self.observers = alive
        for ref in alive:
            if (method := ref()) is not None:
                method(value)


class Screen:
    def __init__(self):
        self.shown = []

    def show(self, value):
        self.shown.append(value)


def main():
    hub, kept = Hub(), Screen()
    hub.watch(kept.show)
    hub.watch(Screen().show)
    threads = [threading.Thread(target=hub.fire, args=(n,), name=f"fire {n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(kept.shown) == [0, 1] and len(hub.observers) == 1
    return sorted(kept.shown)
