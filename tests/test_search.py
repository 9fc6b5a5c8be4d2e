"""Searches over real programs: what is tried, in which order, by how many workers, and what is claimed of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from harness import crew
from harness.budget import Budget
from harness.execution import Runner
from harness.explore import Exploration, Options, explore
from harness.laboratory import Here, Order
from harness.outcome import Outcome
from harness.search import UNTRIED, Found, Search
from harness.strategies import STRATEGIES, plan
from harness.world.program import load_program

ROOT = Path(__file__).resolve().parent.parent
STARTED = """
def main():
    threads = [threading.Thread(target=work, name=name) for name, work in WORKERS.items()]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""


def searched(directory: Path, source: str, **options: Any) -> Exploration:
    path = directory / "program.py"
    path.write_text("import threading\n" + textwrap.dedent(source), encoding="utf-8")
    return explore(load_program(path), Options(**{"strategy": "exhaustive", "budget": Budget(seconds=60), **options}))


def result(found: Exploration) -> dict[str, Any]:
    """All that is told, but for what the clock said."""
    return {f.name: getattr(found, f.name) for f in fields(found) if f.name not in ("seconds", "executions_per_second")}


@pytest.fixture(autouse=True)
def _workers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """All workers begin at once, and the work is shared out in small pieces from the beginning."""
    monkeypatch.setattr(crew, "SPREAD", 0.0)
    for constant, value in {"ALONE": 10, "BLOCK": 5, "WHOLE": 10, "PIECE": 10, "LARGEST": 10}.items():
        monkeypatch.setattr(plan, constant, value)


KEYS = """
import enum
class Kind(str, enum.Enum):
    A = "a"
class Level(enum.IntEnum):
    LOW = 1
class Who:
    pass
ann, bob = Who(), Who()
table = {"a": 0, 1: 0, ann: 0, bob: 0, (ann, 1): 0}
def one():
    table[Kind.A] += 1; table[Level.LOW] += 1; table[ann] += 1; table[ann, 1] = 2
def two():
    table["a"] += 1; table[1] += 1; table[bob] += 1; table[ann, 1] = 3
WORKERS = {"one": one, "two": two}
"""


def test_keys_that_are_objects_are_the_same_in_every_execution(tmp_path: Path) -> None:
    """Two unprotected counters of four traces each and two writes in two orders: 4 * 4 * 2. Own keys commute."""
    found = searched(tmp_path, KEYS + STARTED + "    return list(table.values())")
    counts = {(a, b, last) for a in (1, 2) for b in (1, 2) for last in (2, 3)}
    assert (found.claim, found.executions) == ("exhausted", 32), found.message
    assert found.results == {f"[{a}, {b}, 1, 1, {last}]": 4 for a, b, last in counts}


# Any number of workers.

COUNTER = """
x, steps = 0, 0
def work():
    global x
    x += 1
    x += 1
WORKERS = dict(ann=work, bob=work, eve=work)
"""
LOST = COUNTER + STARTED + "    assert x != 3, x\n    return x\n"


@pytest.mark.parametrize(
    ("strategy", "keep_going"),
    [("random", True), ("surw", False), ("exhaustive", True), ("portfolio", False), ("portfolio", True)],
)
def test_the_result_does_not_depend_on_the_number_of_workers(tmp_path: Path, strategy: str, keep_going: bool) -> None:
    """Executions, failures, results, the first failure by its index, the witnesses, races: everything."""
    options = {"strategy": strategy, "budget": Budget(executions=120), "keep_going": keep_going}
    alone, two = (searched(tmp_path, LOST, jobs=jobs, **options) for jobs in (1, 2))
    assert result(alone) == result(two)
    assert alone.executions == (alone.executions if alone.failures and not keep_going else 120)


def test_a_search_that_is_split_among_workers_tries_each_interleaving_once(tmp_path: Path) -> None:
    readers = "x, seen = 0, [0] * 7\ndef write():\n    global x\n    x = 1\ndef read(n):\n    seen[n] = x\n"
    workers = "WORKERS = dict(w=write, **{f'r{n}': (lambda n=n: read(n)) for n in range(7)})\n"
    alone, three = (searched(tmp_path, readers + workers + STARTED + "    return sum(seen)", jobs=j) for j in (1, 3))
    assert result(alone) == result(three)
    assert (three.executions, three.exhausted) == (2**7, True)
    assert three.results == {str(n): count for n, count in enumerate([1, 7, 21, 35, 35, 21, 7, 1])}


RARE = """
x, late, deep = 0, 0, 0
def ann():
    global x, late
    x = 1
    if x == 2:
        late = 1
        if deep == 1: late = 5
    x = 3
def bob():
    global x, deep
    x = 2
    if late == 1:
        deep = 1
        x = 7
WORKERS = dict(ann=ann, bob=bob)
"""


@pytest.mark.parametrize("strategy", ["exhaustive", "random"])
def test_what_one_worker_learns_of_a_program_is_known_to_all(tmp_path: Path, strategy: str) -> None:
    """That `late` and `deep` are shared shows in few executions, each time another place to be interrupted at."""
    source = RARE + STARTED + "    return x, late, deep\n"
    options = {"strategy": strategy, "budget": Budget(executions=200), "keep_going": True}
    alone, two = (searched(tmp_path, source, jobs=jobs, **options) for jobs in (1, 2))
    assert result(alone) == result(two)
    if strategy != "random":
        assert alone.exhausted
        assert "(3, 5, 1)" in alone.results


MARKED = """
import ctypes, os
x = flag = 0
def ann():
    global x, flag
    flag = 1
    x = 1
    x = 2
    flag = 0
def bob():
    if flag and x == 1:
        {ends}
WORKERS = dict(ann=ann, bob=bob)
"""


def test_a_worker_that_is_lost_by_accident_costs_nothing_but_time(tmp_path: Path) -> None:
    """The process dies in one execution, and when that is tried again, it does not."""
    mark = tmp_path / "mark"
    ends = f"(os.path.exists({str(mark)!r}) or (open({str(mark)!r}, 'w').close(), ctypes.string_at(0)))"
    options = {"strategy": "random", "budget": Budget(executions=100), "jobs": 2}
    died = searched(tmp_path, MARKED.format(ends=ends) + STARTED, **options)
    assert mark.exists()
    assert result(died) == result(searched(tmp_path, MARKED.format(ends=ends) + STARTED, **options))
    assert (died.executions, died.outcome, died.claim) == (100, Outcome.PASSED, "budget spent")


@pytest.mark.parametrize(
    ("ends", "message"),
    [
        ("while True: pass", "bob runs on without coming to a scheduling point (program.py:13), for 1 s"),
        ("ctypes.string_at(0)", "the program killed its process with SIGSEGV: bob was at program.py:13"),
    ],
)
def test_what_a_program_does_to_a_worker_ends_the_search_at_its_place(tmp_path: Path, ends: str, message: str) -> None:
    """As many executions are counted as came before it, whoever had gone how far."""
    options = {"strategy": "random", "budget": Budget(executions=400), "timeout": 1.0}
    alone, two = (searched(tmp_path, MARKED.format(ends=ends) + STARTED, jobs=jobs, **options) for jobs in (1, 2))
    assert result(alone) == result(two)
    assert (alone.claim, alone.message) == ("inconclusive", message)
    assert 0 < alone.executions < 400


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="processes are looked at in /proc")
def test_an_interrupted_search_leaves_no_worker_behind(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text("import threading\n" + LOST.replace("assert x != 3", "assert True"), encoding="utf-8")
    options = ["--strategy", "random", "--jobs", "2", "--budget", "60s", "--progress", "never"]
    command = [sys.executable, "-m", "harness", "explore", str(path), *options]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as lab:
        until = time.monotonic() + 30
        while len(workers := children(lab.pid)) < 2 and time.monotonic() < until:
            time.sleep(0.02)
        lab.send_signal(signal.SIGINT)
        assert lab.wait(30) == 130
    assert len(workers) == 2
    until = time.monotonic() + 10  # one that had only just been forked ends by itself when it misses its parent
    while (left := [os.path.exists(f"/proc/{worker}") for worker in workers]) != [False, False]:
        assert time.monotonic() < until, left
        time.sleep(0.05)


# What holds for every strategy.

ENDLESS = """
x = 0
def work():
    global x
    while x < 10**9: x += 1
WORKERS = dict(a=work, b=work)
"""
NOT_TOLD = """
flag = False
def wait():
    while not flag: pass
WORKERS = dict(a=wait, b=wait)
"""


def here(directory: Path, source: str, **options: Any) -> Found:
    """The same search without worker processes and without an explanation."""
    path = directory / "program.py"
    path.write_text("import threading\n" + source + STARTED, encoding="utf-8")
    order = Order(
        **{
            "program": load_program(path), "strategy": "exhaustive", "seed": 0, "budget": Budget(executions=3),
            "preemptions": None, "max_steps": 300, "keep_going": False, "early_timeouts": False, "instrumented": (),
            **options,
        }
    )  # fmt: skip
    return Search(order, Here(order, Runner(order.program, max_steps=order.max_steps))).find()


@pytest.mark.parametrize("preemptions", [None, 1])
@pytest.mark.parametrize("strategy", STRATEGIES)
def test_every_strategy_is_bounded_in_steps_and_ends_fairly(
    tmp_path: Path, strategy: str, preemptions: int | None
) -> None:
    """Under each of them a thread that goes on for ever is cut, and threads that wait for nothing are proven to."""
    endless = here(tmp_path, ENDLESS, strategy=strategy, preemptions=preemptions)
    assert (endless.outcome, endless.exhausted, endless.steps) == (Outcome.INCONCLUSIVE, False, 300)
    waiting = here(tmp_path, NOT_TOLD, strategy=strategy, preemptions=preemptions)
    assert (waiting.outcome, waiting.first_failure) == (Outcome.LIVELOCK, 1)


# What is claimed.

SLEEPS = """
import time
ready = False
def late():
    global ready
    time.sleep(0.1)
    ready = True
def early():
    time.sleep(0.5)
    assert ready
WORKERS = dict(late=late, early=early)
"""
PATIENT = """
import threading, time
woken, ready = threading.Condition(), False
def sets():
    global ready
    with woken:
        ready = True
        woken.notify()
def waits():
    began = time.monotonic()
    with woken:
        assert woken.wait_for(lambda: ready, 2) or time.monotonic() - began >= 2
WORKERS = dict(waits=waits, sets=sets)
"""
GUESSES = "import random\nx = 0\ndef work():\n    global x\n    x = random.random()\nWORKERS = dict(a=work, b=work)\n"
SMALL = "x = 0\ndef work():\n    global x\n    x += 1\nWORKERS = dict(a=work, b=work)\n"


@pytest.mark.parametrize(
    ("source", "options", "claim", "exhausted", "bound", "message"),
    [
        (SMALL, {}, "exhausted", True, None, ""),
        (SMALL, {"strategy": "portfolio"}, "exhausted", True, None, ""),
        (SMALL, {"preemptions": 1}, "bounded", False, 1, ""),
        (SMALL, {"preemptions": 1, "strategy": "portfolio"}, "bounded", False, 1, ""),
        (SMALL, {"preemptions": 9}, "exhausted", True, None, ""),
        (SMALL, {"budget": Budget(executions=3)}, "budget spent", False, None, ""),
        (SMALL, {"preemptions": 1, "strategy": "random", "budget": Budget(executions=9)}, "budget spent", False, 1, ""),
        (SMALL, {"max_steps": 20}, "budget spent", False, None, "executions were cut at the step bound"),
        (GUESSES, {}, "budget spent", False, None, "every interleaving was tried, for one sequence of random numbers"),
        (ENDLESS, {"max_steps": 300, "budget": Budget(executions=9)}, "inconclusive", False, None, "still running"),
        (ENDLESS, {"max_steps": 300, "preemptions": 0}, "inconclusive", False, 0, "still running after 300 steps"),
        (SLEEPS, {}, "exhausted", True, None, ""),
        (SLEEPS, {"early_timeouts": True}, "failed", False, None, "early: assertion failed"),
        (PATIENT, {"early_timeouts": True}, "exhausted", True, None, ""),
    ],
)
def test_no_more_is_claimed_than_is_true(
    tmp_path: Path,
    source: str,
    options: dict[str, Any],
    claim: str,
    exhausted: bool,
    bound: int | None,
    message: str,
) -> None:
    found = searched(tmp_path, source + STARTED, **options)
    assert (found.claim, found.exhausted, found.bound) == (claim, exhausted, bound)
    assert found.message.startswith(message)
    assert found.timed is (source is SLEEPS and not found.outcome.failed)


SHARED_NUMBERS = """
import random, threading
def main():
    random.seed(3)
    got = {}
    def one():
        got["one"] = [round(random.random(), 2), round(random.random(), 2)]
    def two():
        got["two"] = [round(random.random(), 2)]
    threads = [threading.Thread(name=f.__name__, target=f) for f in (one, two)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return got["one"], got["two"]
"""


def test_numbers_that_threads_draw_from_one_generator_come_in_every_order(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(SHARED_NUMBERS)
    found = explore(load_program(path), Options(strategy="exhaustive", budget=Budget(executions=100), jobs=1))
    first, second, third = 0.24, 0.54, 0.37
    assert found.exhausted and set(found.results) == {
        str(([first, second], [third])),
        str(([first, third], [second])),
        str(([second, third], [first])),
    }


def test_a_budget_that_ends_before_the_first_execution_proves_nothing(tmp_path: Path) -> None:
    found = searched(tmp_path, LOST, budget=Budget(seconds=1e-6))
    assert (found.outcome, found.executions, found.claim) == (Outcome.INCONCLUSIVE, 0, "inconclusive")
    assert found.message == UNTRIED
