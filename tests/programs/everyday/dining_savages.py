import threading


def main():
    servings, mutex = [0], threading.Lock()
    empty, full = threading.Semaphore(0), threading.Semaphore(0)
    eaten, finished = [], threading.Event()

    def cook():
        while True:
            empty.acquire()
            if finished.is_set():
                return
            servings[0] = 2
            full.release()

    def savage(name):
        with mutex:
            if servings[0] == 0:
                empty.release()
                full.acquire()
            servings[0] -= 1
        eaten.append(name)

    kitchen = threading.Thread(target=cook, name="cook")
    kitchen.start()
    people = [threading.Thread(target=savage, args=(n,), name=f"savage {n}") for n in range(3)]
    for p in people:
        p.start()
    for p in people:
        p.join()
    finished.set()
    empty.release()
    kitchen.join()
    assert len(eaten) == 3 and servings[0] == 1
    return servings
