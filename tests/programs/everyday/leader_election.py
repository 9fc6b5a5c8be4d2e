import threading


def main():
    leader, lock, log = [], threading.Lock(), []
    elected = threading.Event()

    def run(name):
        if lock.acquire(blocking=False):
            leader.append(name)
            elected.set()
        elected.wait()
        log.append((name, leader[0]))

    threads = [threading.Thread(target=run, args=(n,), name=n) for n in ("ann", "bob", "cid")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(leader) == 1 and {who for _, who in log} == set(leader)
    return len(log)
