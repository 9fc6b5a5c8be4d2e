import threading
from contextlib import closing, contextmanager, suppress


class Resource:
    live = 0
    lock = threading.Lock()

    def __init__(self):
        with Resource.lock:
            Resource.live += 1

    def close(self):
        with Resource.lock:
            Resource.live -= 1


@contextmanager
def transaction(log, name):
    log.append(("begin", name))
    try:
        yield
    except ValueError:
        log.append(("rollback", name))
        raise
    else:
        log.append(("commit", name))


def main():
    log = []

    def work(name, fail):
        with suppress(ValueError), closing(Resource()), transaction(log, name):
            if fail:
                raise ValueError

    threads = [threading.Thread(target=work, args=(n, n == "b"), name=n) for n in "ab"]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert Resource.live == 0 and ("rollback", "b") in log and ("commit", "a") in log
    return sorted(log)
