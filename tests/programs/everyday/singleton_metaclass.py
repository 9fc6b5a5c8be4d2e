import threading


class Singleton(type):
    _instances = {}
    _lock = threading.Lock()

    def __call__(cls, *args, **kwargs):
        with Singleton._lock:
            if cls not in Singleton._instances:
                Singleton._instances[cls] = super().__call__(*args, **kwargs)
        return Singleton._instances[cls]


class Settings(metaclass=Singleton):
    def __init__(self):
        self.values = []


def main():
    found = []
    threads = [threading.Thread(target=lambda: found.append(Settings()), name=f"t{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert found[0] is found[1]
    return len(found)
