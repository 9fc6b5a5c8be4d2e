import queue
import re
import threading
from collections import Counter


def main():
    texts = ["the cat the dog", "the end"]
    counted, total = queue.Queue(), Counter()

    def mapper(text):
        counted.put(Counter(re.findall(r"\w+", text)))

    def reducer():
        for _ in texts:
            total.update(counted.get())

    threads = [threading.Thread(target=mapper, args=(t,), name=f"mapper {n}") for n, t in enumerate(texts)]
    threads.append(threading.Thread(target=reducer, name="reducer"))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert total["the"] == 3
    return total.most_common(1)
