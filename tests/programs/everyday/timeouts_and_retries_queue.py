import queue
import threading


def main():
    jobs, results = queue.Queue(maxsize=1), []

    def offer(n):
        for _ in range(20):
            try:
                jobs.put(n, timeout=0.05)
                return
            except queue.Full:
                continue
        raise AssertionError("never any room")

    def serve():
        for _ in range(3):
            results.append(jobs.get())

    threads = [threading.Thread(target=offer, args=(n,), name=f"offer {n}") for n in range(3)]
    threads.append(threading.Thread(target=serve, name="server"))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(results) == [0, 1, 2]
    return sorted(results)
