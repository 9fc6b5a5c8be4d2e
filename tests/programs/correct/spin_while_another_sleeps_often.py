"""One spins on a flag while another one takes a hundred naps before it sets it."""

import threading
import time


def work(done):
    until = time.monotonic() + 100
    while time.monotonic() < until:
        time.sleep(1)
    done.append(True)


def main():
    done = []
    worker = threading.Thread(name="worker", target=work, args=(done,))
    worker.start()
    while not done:
        pass
    worker.join()
    return done
