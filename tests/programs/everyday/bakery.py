import threading

N = 2
choosing = [False] * N
number = [0] * N
counter = 0


def lock(me):
    choosing[me] = True
    number[me] = 1 + max(number)
    choosing[me] = False
    for other in range(N):
        while choosing[other]:
            pass
        while number[other] != 0 and (number[other], other) < (number[me], me):
            pass


def unlock(me):
    number[me] = 0


def work(me):
    global counter
    lock(me)
    counter += 1
    unlock(me)


def main():
    threads = [threading.Thread(target=work, args=(n,), name=f"t{n}") for n in range(N)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert counter == N
    return counter
