import threading


class Config:
    _instance = None
    _lock = threading.Lock()
    made = 0

    def __init__(self):
        Config.made += 1
        self.values = {"debug": False}

    @classmethod
    def get(cls):
        instance = cls._instance
        if instance is None:
            with cls._lock:
                instance = cls._instance
                if instance is None:
                    instance = cls()
                    cls._instance = instance
        return instance


def main():
    found = []
    threads = [threading.Thread(target=lambda: found.append(Config.get()), name=f"t{n}") for n in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len({id(c) for c in found}) == 1 and Config.made == 1
    return found[0].values
