"""Three try the second lock while holding the first, but all in the same order: somebody always gets on."""

import threading
import time


def main():
    a, b, log = threading.Lock(), threading.Lock(), []

    def work(name):
        while True:
            with a:
                if b.acquire(blocking=False):
                    log.append(name)
                    b.release()
                    return
            time.sleep(0.01)

    threads = [threading.Thread(name=f"clerk {n}", target=work, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(log)
