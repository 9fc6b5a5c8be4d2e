import threading
import time


def main():
    ready, data = [False], []

    def wait_and_read():
        while not ready[0]:
            time.sleep(0)
        assert data == [1]

    def prepare():
        data.append(1)
        ready[0] = True

    threads = [threading.Thread(target=wait_and_read, name="reader"), threading.Thread(target=prepare, name="writer")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return data
