import threading
from contextlib import ExitStack


def main():
    locks = {name: threading.Lock() for name in "abc"}
    log = []

    def using(*names):
        with ExitStack() as stack:
            for name in sorted(names):
                stack.enter_context(locks[name])
            log.append(names)

    threads = [threading.Thread(target=using, args=n, name="".join(n)) for n in (("a", "b"), ("c", "a"), ("b", "c"))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(log) == 3
    return len(log)
