"""Exhaustive search against brute force, on real programs: a missed interleaving is a false "holds".

Brute force here is a plain walk over every choice (tests/real_programs.py). In the programs made
here main only starts and joins, so it always goes first.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.real_programs import brute_force, searched

LIMIT = 1_500


HEAD = """
import threading, queue, time, itertools
from collections import Counter, deque
x = 0
y = 0
items = [0, 0]
table = {"k": 0}
log = []
class Box:
    total = 0
    def __init__(self): self.v = 0; self.w = 0
box = Box()
L = threading.Lock()
M = threading.RLock()
C = threading.Condition()
E = threading.Event()
S = threading.Semaphore(1)
Q = queue.Queue(1)
stack = queue.LifoQueue()
barrier = threading.Barrier(2)
local = threading.local()
seen = {1}
ends = deque([1, 2])
counts = Counter()
ticks = itertools.count()
def cell():
    n = 0
    def add():
        nonlocal n
        n += 1
        return n
    return add
add = cell()
def bump():
    global x
    x += 1
def run(function):
    thread = threading.Thread(target=function, name="inner")
    thread.start()
    return thread
"""

TAIL = """
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in ({names})]
    for t in threads: t.start()
    for t in threads: t.join()
    return (x, y, items, sorted(table.items()), log, box.v, box.w, Box.total, Q.qsize(), E.is_set(), sorted(seen), ends)
"""

DATA = [
    "x += 1", "x = 7", "y = x", "items[0] += 1", "items[1] = items[0]", "table['k'] += 1", "table.pop('k', None)",
    "table.setdefault('k', 5)", "log.append(x)", "log.append(len(log))", "box.v += 1", "box.w = box.v",
    "Box.total += 1", "log.append('k' in table)", "log.append(box.total)", "if x: log.append(y)",
    "log.extend(i for i in items)", "x, y = y, x", "del log[:1]", "box.__dict__['v'] = 9", "setattr(box, 'w', x)",
    "table['n'] = x", "log.append(list(table))", "del table['k']", "for k in table: log.append(k)", "seen.add(x)",
    "log.append(sorted(seen))", "ends.append(x)", "log.append(ends.popleft() if ends else None)", "counts['a'] += 1",
    "log.append(add())", "log.append(next(ticks))", "local.v = x", "log.append(getattr(local, 'v', None))",
    "items.append(x)", "log.append(items.pop() if items else None)", "log.append(items[-1])", "items.sort()",
    "log.append(sum(items))", "if log: return", "raise ValueError(x)",
]  # fmt: skip

SYNCHRONISED = [
    "with L: x += 1", "with M:\n        with M: y += 1", "with L:\n        with M: x = y + 1",
    "with M:\n        with L: y = x + 1", "if L.acquire(False):\n        x += 1; L.release()",
    "log.append(L.locked())", "with C:\n        C.notify()",
    "with C:\n        C.wait(1)\n        log.append(time.monotonic())",
    "E.set()", "E.clear()", "E.wait(1)", "log.append(E.is_set())", "with S: y += 1", "S.release()", "S.acquire()",
    "Q.put(x)", "log.append(Q.get())", "log.append(Q.empty())", "time.sleep(1)", "with C:\n        C.wait()",
    "with C:\n        C.notify_all()", "L.acquire(timeout=1)", "with L:\n        if x: return\n        x = 3",
    "L.acquire()\n    raise KeyError(x)", "with C:\n        while not x: C.wait()\n        x -= 1",
    "with C:\n        x = 1\n        C.notify_all()", "with C: log.append(C.wait_for(lambda: x, 2))",
    "log.append(S.acquire(False))", "log.append(S.acquire(timeout=1))", "stack.put(x)", "log.append(stack.get())",
    "try: log.append(Q.get_nowait())\n    except queue.Empty: pass", "Q.put(2, timeout=1)",
    "log.append(M.acquire(False))",
    "barrier.wait()", "log.append(barrier.n_waiting)",
    "try: barrier.wait(1)\n    except threading.BrokenBarrierError: y = 1",
    "run(bump).join()", "log.append(run(bump).join(1))",
]  # fmt: skip

STATEMENTS = DATA + SYNCHRONISED


def source_of(bodies: list[list[str]]) -> str:
    parts = [HEAD]
    for number, body in enumerate(bodies):
        lines = "\n    ".join(body)
        parts.append(f"def t{number}():\n    global x, y\n    {lines}\n")
    names = ", ".join(f"t{n}" for n in range(len(bodies))) + ","
    return "".join(parts) + TAIL.replace("{names}", names)


BODIES = st.one_of(
    st.lists(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=2), min_size=2, max_size=2),
    st.lists(st.lists(st.sampled_from(SYNCHRONISED), min_size=1, max_size=1), min_size=3, max_size=3),
)


def agree(bodies: list[list[str]]) -> None:
    source = source_of(bodies)
    everything = brute_force(source, LIMIT, main_first=True)
    if everything is not None:
        assert searched(source).ends == everything, source


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(BODIES)
def test_exhaustive_search_reaches_exactly_what_brute_force_reaches(bodies: list[list[str]]) -> None:
    agree(bodies)


@pytest.mark.long
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(BODIES)
def test_exhaustive_search_reaches_exactly_what_brute_force_reaches_on_many(bodies: list[list[str]]) -> None:
    agree(bodies)


@pytest.mark.parametrize("at", range(0, len(STATEMENTS), 2))
def test_every_statement_beside_another(at: int) -> None:
    agree([[STATEMENTS[at]], [STATEMENTS[(at * 7 + 3) % len(STATEMENTS)]]])


@pytest.mark.parametrize(
    "race",
    [
        ["box.v += 1", "box.v += 1"],
        ["log.append(L.locked())", "with L: x += 1"],
        ["with C:\n        C.wait()", "with C:\n        C.notify()"],
        ["log.append(box.total)", "Box.total += 1"],
        ["box.__dict__['v'] = 9", "box.v += 1"],
        ["table.setdefault('k', 5)", "table.pop('k', None)"],
        ["log.extend(i for i in items)", "items[1] = 5"],
        ["threading.Timer(0, log.append, (1,)).start()", "log.append(len(log))"],
        ["E.wait(1)\n    x = 3", "E.set()\n    log.append(x)"],
    ],
)
def test_a_race_of_which_both_orders_matter(race: list[str]) -> None:
    everything = brute_force(source_of([[statement] for statement in race]), LIMIT, main_first=True)
    assert everything is not None and len(everything) > 1, "the example must have something to miss"
    agree([[statement] for statement in race])


HOG = """# bypasses are judged
import threading
L = threading.Lock()
def hog():
    with L: pass
    with L: pass
def patient():
    with L: pass
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (hog, patient)]
    for t in threads: t.start()
    for t in threads: t.join()
"""


def test_who_asked_first_is_part_of_what_is_searched_where_bypasses_are_judged() -> None:
    everything = {("passed", "None"), ("starvation", "None")}
    assert searched(HOG).ends == brute_force(HOG, LIMIT, main_first=True) == everything


LATE = """
import threading
log = []
def look():
    try: log.append({look})
    except RuntimeError as error: log.append(str(error))
def nothing(): pass
def main():
    looking = threading.Thread(target=look, name="look")
    late = threading.Thread(target=nothing, name="late")
    globals()["late"] = late
    looking.start()
    late.start()
    looking.join()
    late.join()
    return log
"""


@pytest.mark.parametrize(
    ("look", "seen"),
    [("late.is_alive()", {"False", "True"}), ("late.join()", {"None", "'cannot join thread before it is started'"})],
)
def test_a_thread_may_be_asked_for_before_it_is_started(look: str, seen: set[str]) -> None:
    source = LATE.replace("{look}", look)
    assert searched(source).ends == brute_force(source, LIMIT) == {("passed", f"[{value}]") for value in seen}


CELL = """
import threading
log = []
def count():
    n = 0
    def add():
        nonlocal n
        n += 1
    return add
add = count()
def look(): log.append(add.__closure__[0].cell_contents)
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (add, look)]
    for t in threads: t.start()
    for t in threads: t.join()
    return log
"""


def test_a_closure_variable_may_be_looked_at_through_its_cell() -> None:
    assert searched(CELL).ends == brute_force(CELL, LIMIT, main_first=True) == {("passed", "[0]"), ("passed", "[1]")}


ALIVE = """
import threading
done = False
def work():
    global done
    done = True
def main():
    thread = threading.Thread(target=work, name="work")
    thread.start()
    seen = done, {look}
    thread.join()
    return seen
"""


@pytest.mark.parametrize(("look", "no", "yes"), [("thread.is_alive()", 0, 1), ("threading.active_count()", 1, 2)])
def test_a_thread_is_still_alive_after_the_last_thing_it_has_done(look: str, no: int, yes: int) -> None:
    source = ALIVE.replace("{look}", look if "count" in look else f"int({look})")
    expected = {
        ("passed", f"({done}, {alive})") for done, alive in ((False, yes), (False, no), (True, yes), (True, no))
    }
    assert searched(source).ends == brute_force(source, LIMIT) == expected


LOOKING = """
import threading, time
log = []
def look():
    log.append(time.monotonic())
    log.append(time.monotonic())
def late(): time.sleep(2)
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (look, late)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return log
"""


def test_where_timeouts_fire_early_it_may_get_late_between_two_looks_at_the_clock() -> None:
    found = searched(LOOKING, early_timeouts=True)
    assert found.ends == {("passed", f"[{a}, {b}]") for a, b in ((1000.0, 1000.0), (1000.0, 1002.0), (1002.0, 1002.0))}
    assert found[:2] == (3, 0)


THREE_LIMITS = """
import threading, time
def main():
    locks = [threading.Lock() for _ in range(3)]
    for lock in locks: lock.acquire()
    threads = [threading.Thread(target=lock.acquire, args=(True, 1), name=name) for name, lock in zip("abc", locks)]
    for t in threads: t.start()
    for t in threads: t.join()
    return time.monotonic() - 1000
"""


def test_whose_time_another_one_has_made_pass_was_later_than_that_one() -> None:
    """All three may wait before the first of them is through. Its end and theirs cannot change places then."""
    expected = {("passed", "1.0"), ("passed", "2.0"), ("passed", "3.0")}
    assert brute_force(THREE_LIMITS, LIMIT, main_first=True, early_timeouts=True) == expected
    assert searched(THREE_LIMITS, early_timeouts=True).ends == expected
