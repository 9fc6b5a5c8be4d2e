import threading
import time


def main():
    def work(n):
        time.sleep(0.01 * n)

    threads = [threading.Thread(target=work, args=(n,), name=f"w{n}") for n in range(3)]
    for t in threads:
        t.start()
    deadline = time.monotonic() + 5
    for t in threads:
        t.join(max(0, deadline - time.monotonic()))
    alive = [t.name for t in threads if t.is_alive()]
    return alive
