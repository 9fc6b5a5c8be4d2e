import threading

N = 3
level = [-1] * N
victim = [-1] * N
inside = []


def acquire(me):
    for stage in range(N - 1):
        level[me] = stage
        victim[stage] = me
        while victim[stage] == me and any(level[k] >= stage for k in range(N) if k != me):
            pass


def release(me):
    level[me] = -1


def work(me, log):
    acquire(me)
    inside.append(me)
    log.append(len(inside))
    inside.remove(me)
    release(me)


def main():
    log = []
    threads = [threading.Thread(target=work, args=(n, log), name=f"t{n}") for n in range(N)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert log == [1] * N
    return log
