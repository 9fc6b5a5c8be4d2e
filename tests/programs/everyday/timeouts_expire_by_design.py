import queue
import threading
import time


def main():
    begin = time.monotonic()
    lock, event, condition, box = threading.Lock(), threading.Event(), threading.Condition(), queue.Queue()
    lock.acquire()
    said = [lock.acquire(timeout=0.05), event.wait(0.05)]
    with condition:
        said.append(condition.wait(0.05))
    try:
        box.get(timeout=0.05)
    except queue.Empty:
        said.append("empty")
    sleeper = threading.Thread(target=time.sleep, args=(0.3,), name="sleeper")
    sleeper.start()
    sleeper.join(0.01)
    said.append(sleeper.is_alive())
    sleeper.join()
    assert said[:4] == [False, False, False, "empty"]
    assert time.monotonic() - begin >= 0.2
    return said[:4]
