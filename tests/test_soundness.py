"""Exhaustive search against brute force, on real programs: a missed interleaving is a false "holds".

Brute force here is a plain walk over every choice at the finest granularity (every access a
scheduling point, every release too), with no reduction of any kind. The search under test uses
everything it has: sites learned, releases merged, optimal partial-order reduction.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.budget import Budget
from harness.execution import Runner
from harness.search import Order, Search
from harness.world.program import Program, digest

LIMIT = 1_500


class EveryChoice:
    """Walks the tree of all choices, depth first. Main only starts and joins, so it always goes first."""

    every_step = False

    def __init__(self) -> None:
        self._path: list[list[int]] = []
        self._depth = 0

    def begin(self) -> bool:
        self._depth = 0
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        if enabled[0].index == 0:
            return enabled[0]
        if self._depth == len(self._path):
            self._path.append([0, len(enabled)])
        chosen, options = self._path[self._depth]
        assert options == len(enabled)
        self._depth += 1
        return enabled[chosen]

    def next(self) -> bool:
        while self._path and self._path[-1][0] + 1 == self._path[-1][1]:
            self._path.pop()
        if self._path:
            self._path[-1][0] += 1
        return bool(self._path)


def program(source: str) -> Program:
    settings = {"bypass_bound": 0} if source.startswith("# bypasses are judged") else {}
    return Program(Path("/nowhere/generated.py"), "generated", source, digest(source), settings=settings)


def brute_force(source: str) -> set[tuple[str, str | None]] | None:
    runner = Runner(program(source))
    points = runner.world.points
    points.full = runner.world.scheduler.release_points = True
    walk, seen, count = EveryChoice(), set(), 0
    while walk.begin():
        execution = runner.run(walk)
        seen.add((execution.outcome.value, execution.result))
        count += 1
        if not walk.next():
            return seen
        if count > LIMIT:
            return None
    return seen


def exhaustive(source: str) -> set[tuple[str, str | None]]:
    seen: set[tuple[str, str | None]] = set()
    order = Order(program(source), "exhaustive", 0, Budget(executions=50_000), None, None, True, False, ())
    runner = Runner(order.program)
    run = runner.run

    def watched(*args: Any, **kwargs: Any) -> Any:
        execution = run(*args, **kwargs)
        seen.add((execution.outcome.value, execution.result))
        return execution

    runner.run = watched  # type: ignore[method-assign]
    found = Search(order, runner, lambda found: None).run()
    assert found.exhausted
    return seen


HEAD = """
import threading, queue, time
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
"""

TAIL = """
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in ({names})]
    for t in threads: t.start()
    for t in threads: t.join()
    return (x, y, items, sorted(table.items()), log, box.v, box.w, Box.total, Q.qsize(), E.is_set())
"""

STATEMENTS = [
    "x += 1", "x = 7", "y = x", "items[0] += 1", "items[1] = items[0]", "table['k'] += 1", "table.pop('k', None)",
    "table.setdefault('k', 5)", "log.append(x)", "log.append(len(log))", "box.v += 1", "box.w = box.v",
    "Box.total += 1", "log.append('k' in table)", "log.append(box.total)", "if x: log.append(y)",
    "log.extend(i for i in items)", "x, y = y, x", "del log[:1]", "box.__dict__['v'] = 9", "setattr(box, 'w', x)",
    "with L: x += 1", "with M:\n        with M: y += 1", "with L:\n        with M: x = y + 1",
    "with M:\n        with L: y = x + 1", "if L.acquire(False):\n        x += 1; L.release()",
    "log.append(L.locked())", "with C:\n        C.notify()",
    "with C:\n        C.wait(1)\n        log.append(time.monotonic())",
    "E.set()", "E.clear()", "E.wait(1)", "log.append(E.is_set())", "with S: y += 1", "S.release()", "S.acquire()",
    "Q.put(x)", "log.append(Q.get())", "log.append(Q.empty())", "time.sleep(1)", "with C:\n        C.wait()",
    "with C:\n        C.notify_all()", "L.acquire(timeout=1)",
]  # fmt: skip


def source_of(bodies: list[list[str]]) -> str:
    parts = [HEAD]
    for number, body in enumerate(bodies):
        lines = "\n    ".join(body)
        parts.append(f"def t{number}():\n    global x, y\n    {lines}\n")
    names = ", ".join(f"t{n}" for n in range(len(bodies))) + ","
    return "".join(parts) + TAIL.replace("{names}", names)


BODIES = st.one_of(
    st.lists(st.lists(st.sampled_from(STATEMENTS), min_size=1, max_size=2), min_size=2, max_size=2),
    st.lists(st.lists(st.sampled_from(STATEMENTS[21:]), min_size=1, max_size=1), min_size=3, max_size=3),
)


def agree(bodies: list[list[str]]) -> None:
    source = source_of(bodies)
    everything = brute_force(source)
    if everything is not None:
        assert exhaustive(source) == everything, source


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
    everything = brute_force(source_of([[statement] for statement in race]))
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
    assert exhaustive(HOG) == brute_force(HOG) == {("passed", "None"), ("starvation", "None")}
