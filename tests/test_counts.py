"""Real programs whose number of classes of interleavings is published or can be counted by hand."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

from tests.real_programs import Searched, brute_force, searched

ROOT = Path(__file__).parents[1]

MAIN = """
def main():
    threads = [threading.Thread(target=f, name=f"t{n}", args=args) for n, (f, *args) in enumerate(WORK)]
    for t in threads: t.start()
    for t in threads: t.join()
    return RESULT()
"""


def source(body: str, work: str, result: str = "None") -> str:
    return f"import threading, time\n{body}\nWORK = {work}\ndef RESULT(): return {result}\n{MAIN}"


def readers(count: int) -> str:
    """One thread writes a variable, `count` others read it."""
    body = f"x, seen = 0, [None] * {count}\ndef write():\n    global x\n    x = 1\ndef read(n): seen[n] = x"
    return source(body, f"[(write,)] + [(read, n) for n in range({count})]", "seen")


def lastzero(count: int) -> str:
    """`count` threads do a[i] = a[i - 1] + 1, one looks for the last zero from the end (Abdulla et al. 2014)."""
    body = f"""
a = [0] * ({count} + 1)
def look():
    i = {count}
    while a[i] != 0: i -= 1
def add(i): a[i] = a[i - 1] + 1
"""
    return source(body, f"[(look,)] + [(add, i) for i in range(1, {count} + 1)]")


def counter(threads: int, held: str = "if True") -> str:
    """Each thread adds one to a global."""
    return source(
        f"x, L = 0, threading.Lock()\ndef add():\n    global x\n    {held}: x = x + 1", f"[(add,)] * {threads}", "x"
    )


INVERSION = source(
    """
A, B = threading.Lock(), threading.Lock()
def both(one, other):
    with one:
        with other: pass
""",
    "[(both, A, B), (both, B, A)]",
)


def philosophers(count: int) -> str:
    """Each takes the two forks beside it, the lower one first."""
    body = f"""
forks = [threading.Lock() for _ in range({count})]
def eat(seat):
    first, second = sorted((seat, (seat + 1) % {count}))
    with forks[first]:
        with forks[second]: pass
"""
    return source(body, f"[(eat, seat) for seat in range({count})]")


def indexer(threads: int) -> str:
    """Each puts four messages into a hash table by compare-and-swap (Flanagan, Godefroid, POPL 2005)."""
    body = """
table, locks = [0] * 128, [threading.Lock() for _ in range(128)]
def insert(tid):
    for m in range(1, 5):
        w = m * 11 + tid
        h = w * 7 % 128
        while not swap(h, w): h = (h + 1) % 128
def swap(h, w):
    with locks[h]:
        if table[h]: return False
        table[h] = w
        return True
"""
    return source(body, f"[(insert, n) for n in range({threads})]")


def filesystem(threads: int) -> str:
    """Each allots a block to an inode (Flanagan, Godefroid, POPL 2005)."""
    body = """
inode, busy = [0] * 32, [False] * 26
of_inode, of_block = [threading.Lock() for _ in range(32)], [threading.Lock() for _ in range(26)]
def create(tid):
    i = tid % 32
    with of_inode[i]:
        if inode[i]: return
        b = i * 2 % 26
        while not take(b, i): b = (b + 1) % 26
def take(b, i):
    with of_block[b]:
        if busy[b]: return False
        busy[b], inode[i] = True, b + 1
        return True
"""
    return source(body, f"[(create, n) for n in range({threads})]")


PUBLISHED = {
    "readers(8)": (readers(8), 2**8),
    "lastzero(7)": (lastzero(7), 10 * 2**5),
    "counter(2)": (counter(2), 4),
    "counter(3)": (counter(3), 36),
    "counter(4)": (counter(4), 576),
    "locked counter(4)": (counter(4, "with L"), math.factorial(4)),
    "inversion": (INVERSION, 3),
    "philosophers(3)": (philosophers(3), 6),
    "philosophers(5)": (philosophers(5), 30),
    "indexer(11)": (indexer(11), 1),
    "indexer(12)": (indexer(12), 8),
    "filesystem(14)": (filesystem(14), 2),
    "filesystem(16)": (filesystem(16), 8),
}


@pytest.mark.parametrize("title", PUBLISHED)
def test_a_real_program_takes_the_published_number_of_executions(title: str) -> None:
    text, count = PUBLISHED[title]
    executions, redundant, *_ = searched(text)
    assert (executions, redundant) == (count, 0)


DEADLOCKS = ("inversion",)


@pytest.mark.parametrize("title", ["counter(4)", "inversion", "philosophers(5)"])
def test_the_command_line_says_so_too(title: str, tmp_path: Path) -> None:
    (tmp_path / "target.py").write_text(PUBLISHED[title][0])
    found = explored(tmp_path / "target.py")
    assert (found["executions"], found["exhausted"], found["failures"]) == (
        PUBLISHED[title][1],
        True,
        int(title in DEADLOCKS),
    )


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("text", "count"), [(readers(13), 2**13), (lastzero(10), 13 * 2**8)], ids=["readers", "lastzero"]
)
def test_the_command_line_says_so_of_large_programs(text: str, count: int, tmp_path: Path) -> None:
    (tmp_path / "target.py").write_text(text)
    found = explored(tmp_path / "target.py", "--budget", "300s")
    assert (found["executions"], found["exhausted"], found["failures"]) == (count, True, 0)


def explored(target: Path, *options: str) -> dict[str, object]:
    command = [
        sys.executable,
        "-m",
        "harness",
        "explore",
        str(target),
        "--strategy",
        "exhaustive",
        "--keep-going",
        "--json",
    ]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, timeout=400)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


APART = {
    "keys of a dict": ("d = {}\ndef f(n): d[n] = n; d[n] += 1", "d"),
    "items of a list": ("d = [0] * 4\ndef f(n): d[n] = n; d[n] += 1", "d"),
    "lists in a list": ("d = [[] for _ in range(4)]\ndef f(n): d[n].append(n); d[n].append(len(d[n]))", "d"),
    "attributes": ("class Box: pass\nd = Box()\ndef f(n): setattr(d, f'a{n}', n)", "None"),
    "objects": ("class Box: v = 0\nd = [Box() for _ in range(4)]\ndef f(n): d[n].v += 1", "None"),
    "objects of their own": (
        "class Box:\n    def __init__(self): self.v = 0\ndef f(n):\n    b = Box()\n    b.v += 1",
        "None",
    ),
    "locks": ("L = [threading.Lock() for _ in range(4)]\ndef f(n):\n    with L[n]: pass", "None"),
    "what is local to a thread": ("d = threading.local()\ndef f(n):\n    d.v = n\n    d.v += 1", "None"),
    "a key that is there already": ("d = {0: 1}\ndef f(n): d.setdefault(0, n)", "d"),
    "a key that is not there": ("d = {}\ndef f(n): d.pop(0, None)", "d"),
    "readers": ("d = [1]\ndef f(n): return d[0], len(d), 1 in d, sorted(d)", "d"),
    "sleepers of different patience": ("d = []\ndef f(n):\n    time.sleep(n + 1)\n    d.append(n)", "d"),
}


@pytest.mark.parametrize("what", APART)
def test_threads_that_touch_nothing_in_common_take_one_execution(what: str) -> None:
    body, result = APART[what]
    assert searched(source(body, "[(f, n) for n in range(4)]", result))[:2] == (1, 0)


TOGETHER = {
    "writers of one variable": ("x = 0\ndef f(n):\n    global x\n    x = n", "x", 6),
    "items appended to one list": ("d = []\ndef f(n): d.append(n)", "d", 6),
    "one of them stores the key": ("d = {}\ndef f(n): d.setdefault(0, n)", "d", 3),
    "one of them takes the key": ("d, out = {0: 1}, [0] * 3\ndef f(n): out[n] = d.pop(0, None)", "out", 3),
    "sleepers that wake together": ("d = []\ndef f(n):\n    time.sleep(1)\n    d.append(n)", "d", 6),
    "a lock taken twice": ("L, d = threading.RLock(), []\ndef f(n):\n    with L:\n        with L: d.append(n)", "d", 6),
}  # fmt: skip


@pytest.mark.parametrize("what", TOGETHER)
def test_three_threads_take_one_execution_per_order_that_matters(what: str) -> None:
    body, result, count = TOGETHER[what]
    executions, redundant, ends, _ = searched(source(body, "[(f, n) for n in range(3)]", result))
    assert (executions, redundant, len(ends)) == (count, 0, 3 if what == "writers of one variable" else count)


@pytest.mark.parametrize("look", ["list(d)", "[k for k in d]", "str(d)", "d.popitem()", "list(d.items())"])
def test_where_the_program_looks_which_key_came_first_it_matters(look: str) -> None:
    text = source("d = {}\ndef f(n): d[n] = n", "[(f, n) for n in range(2)]", look)
    executions, redundant, ends, _ = searched(text)
    assert (executions, redundant, len(ends), ends) == (2, 0, 2, brute_force(text, 500, main_first=True))


@pytest.mark.parametrize("look", ["d", "sorted(d)", "len(d)", "sum(d.values())", "sorted(d.items())"])
def test_where_nobody_looks_which_key_came_first_it_does_not(look: str) -> None:
    text = source("d = {}\ndef f(n): d[n] = n", "[(f, n) for n in range(2)]", look)
    executions, redundant, ends, _ = searched(text)
    assert (executions, redundant, len(ends), ends) == (1, 0, 1, brute_force(text, 500, main_first=True))


def test_two_pairs_that_share_a_lock_each_take_two_times_two() -> None:
    body = "L, x = [threading.Lock(), threading.Lock()], [0, 0]\ndef f(n):\n    with L[n]: x[n] += 1"
    assert searched(source(body, "[(f, 0), (f, 1), (f, 0), (f, 1)]")) == Searched(4, 0, {("passed", "None")})


PERMITS = """
x, S = 0, threading.Semaphore({permits})
def f():
    global x
    with S: x = x + 1
"""


@pytest.mark.parametrize("threads", [3, 4])
def test_a_semaphore_with_one_permit_takes_as_many_executions_as_a_lock(threads: int) -> None:
    """Who waits for the permit makes no step, so the N threads come one after the other: N! orders."""
    searched_for = searched(source(PERMITS.replace("{permits}", "1"), f"[(f,)] * {threads}", "x"))
    assert searched_for == Searched(math.factorial(threads), 0, {("passed", str(threads))})


def test_two_permits_for_three_threads() -> None:
    """Taking and giving back are six steps on one object: 6! / 2^3 orders in which each thread gives back what it has
    taken. In 3! * 3! of these all three would have a permit at once, which leaves 90 - 36."""
    text = source("S = threading.Semaphore(2)\ndef f():\n    with S: pass", "[(f,)] * 3")
    assert searched(text)[:2] == (54, 0)


@pytest.mark.parametrize(("setters", "count"), [(1, 1), (2, 8)])
def test_who_waits_for_an_event_only_looks(setters: int, count: int) -> None:
    """Two threads wait. After one `set` both look, in no order of their own. Of two, each looks after the first or
    after both, and either may be the first: 2 * 2^2."""
    body = "E = threading.Event()\ndef wait(): E.wait()\ndef set(): E.set()"
    assert searched(source(body, f"[(wait,)] * 2 + [(set,)] * {setters}"))[:2] == (count, 0)


def test_a_buffer_with_one_place_is_filled_and_emptied_in_turn() -> None:
    """put, get, put, get: neither can come twice in a row."""
    body = "Q = queue.Queue(1)\ndef put():\n    for i in range(3): Q.put(i)\ndef get():\n    for i in range(3): Q.get()"
    assert searched("import queue\n" + source(body, "[(put,), (get,)]"))[:2] == (1, 0)


def test_two_producers_and_a_consumer_of_one_place() -> None:
    """The place is empty again before the second one puts: all that is left is who of the two comes first."""
    body = "Q, out = queue.Queue(1), []\ndef put(n): Q.put(n)\ndef get():\n    for i in range(2): out.append(Q.get())"
    expected = Searched(2, 0, {("passed", "[0, 1]"), ("passed", "[1, 0]")})
    assert searched("import queue\n" + source(body, "[(put, 0), (put, 1), (get,)]", "out")) == expected


def test_who_waits_until_all_is_done_makes_one_step_after_that() -> None:
    """put, get, task_done, join."""
    body = "Q = queue.Queue()\ndef put():\n    Q.put(1)\n    Q.join()\ndef work():\n    Q.get()\n    Q.task_done()"
    assert searched("import queue\n" + source(body, "[(put,), (work,)]"))[:2] == (1, 0)


def test_those_who_wait_for_ever_in_the_end_could_have_been_those_who_were_served() -> None:
    """One permit, and two who want it: either gets it."""
    body = (
        "S, out = threading.Semaphore(0), []\ndef want(n):\n    S.acquire()\n    out.append(n)\ndef give(): S.release()"
    )
    assert searched(source(body, "[(want, 0), (want, 1), (give,)]", "out")) == Searched(2, 0, {("deadlock", None)})


def test_semaphores_taken_in_opposite_orders_are_three_as_locks_are() -> None:
    semaphores = INVERSION.replace("threading.Lock()", "threading.Semaphore()")
    assert semaphores != INVERSION
    assert searched(semaphores) == Searched(3, 0, {("passed", "None"), ("deadlock", None)})


POOL = """
from concurrent.futures import ThreadPoolExecutor
def main():
    with ThreadPoolExecutor(1) as pool:
        return [future.result() for future in [pool.submit(abs, -n) for n in range(2)]]
"""


def test_a_pool_of_one_worker_with_two_tasks() -> None:
    """The worker takes the first task (g), and then says that it is idle (i). The second is submitted (p) before g,
    between g and i, or after i; what comes then waits for the result. Since 3.12 it says so only where it has found
    nothing (n): p comes before g, between g and n, between n and i, or after i, and in the end it looks once more, when
    the pool is shut down already or not yet."""
    expected = 8 if sys.version_info >= (3, 12) else 3
    assert searched(POOL) == Searched(expected, 0, {("passed", "[0, 1]")})


TRIES = {
    "of a lock": ("L = threading.Lock()", "L.acquire(False)"),
    "of a semaphore": ("L = threading.Semaphore()", "L.acquire(blocking=False)"),
}


@pytest.mark.parametrize("what", TRIES)
def test_tries_that_are_refused_only_look(what: str) -> None:
    """Three threads try once each: one of them comes first, and the other two see that, in no order of their own."""
    made, tried = TRIES[what]
    text = source(f"{made}\nout = [0] * 3\ndef f(n): out[n] = {tried}", "[(f, n) for n in range(3)]", "sum(out)")
    assert searched(text) == Searched(3, 0, {("passed", "1")})
    assert searched(text.replace(made, f"{made}\nL.acquire()")) == Searched(1, 0, {("passed", "0")})


def test_those_who_find_nothing_in_a_queue_only_look() -> None:
    """One puts, two look once each: each of them comes before that or after, and who is first of two then gets it."""
    body = """
Q = queue.Queue()
def put(): Q.put(1)
def look():
    try: Q.get_nowait()
    except queue.Empty: pass
"""
    assert searched("import queue\n" + source(body, "[(put,), (look,), (look,)]"))[:2] == (5, 0)


DAEMON = """
import threading
x = 0
def work():
    global x
    x = 1
    x = 2
def main():
    threading.Thread(target=work, name="work", daemon=True).start()
    return x
"""


def test_a_daemon_may_have_come_anywhere_when_the_program_ends() -> None:
    assert searched(DAEMON).ends == brute_force(DAEMON, 500) == {("passed", "0"), ("passed", "1"), ("passed", "2")}


NESTED = """
import threading
def inner(n): pass
def outer(n):
    thread = threading.Thread(target=inner, args=(n,), name=f"inner{n}")
    thread.start()
    thread.join()
def main():
    threads = [threading.Thread(target=outer, args=(n,), name=f"outer{n}") for n in range(2)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def test_threads_are_numbered_as_they_start_which_is_all_that_nested_starts_have_in_common() -> None:
    """main, outer0, outer1 are started in this order; inner0 comes anywhere after outer0, inner1 after outer1."""
    assert searched(NESTED)[:2] == (3, 0)


LAST_WORDS = """
import threading
done = []
def work():
    done.append([])
    done[0].append(1)
def main():
    threading.Thread(target=work, name="work", daemon=True).start()
    return done
"""


def test_what_only_a_daemon_touches_shows_in_what_main_returned() -> None:
    expected = {("passed", "[]"), ("passed", "[[]]"), ("passed", "[[1]]")}
    assert searched(LAST_WORDS).ends == brute_force(LAST_WORDS, 500) == expected
