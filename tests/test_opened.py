"""The standard library's primitives taken apart (`--open-stdlib`).

Closed, an operation of theirs is one step. That this loses nothing is what the searches below compare: with every
access and every lock inside of them a step of its own, a program ends in the same ways, unless it reaches into them
beside their lock, and then a search says so.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests import test_gates, test_soundness
from tests.real_programs import searched

ROOT = Path(__file__).resolve().parent.parent

WAITING = test_gates.UNTIMED + test_gates.TIMED + test_gates.TELLING
"""Statements about semaphores, an event and queues, and those about these and conditions and barriers."""
MEETING = test_soundness.SYNCHRONISED


@st.composite
def programs(draw: st.DrawFn) -> str:
    """Two threads or three that use one primitive or two."""
    statements, names, module = draw(
        st.sampled_from([(WAITING, "SZEQUPFB", test_gates), (MEETING, ("S", "E", "Q", "C", "barrier"), test_soundness)])
    )
    chosen = draw(st.lists(st.sampled_from(names), min_size=1, max_size=2))
    pool = [each for each in statements if any(re.search(rf"\b{name}\b", each) for name in chosen)]
    short = st.lists(st.lists(st.sampled_from(pool), min_size=1, max_size=1), min_size=3, max_size=3)
    long = st.lists(st.lists(st.sampled_from(pool), min_size=1, max_size=2), min_size=2, max_size=2)
    return str(module.source_of(draw(st.one_of(short, long))))  # type: ignore[attr-defined]


def agree(source: str) -> None:
    closed, opened = searched(source), searched(source, opened=True)
    assert closed.ends == opened.ends if closed.whole else closed.ends <= opened.ends, source
    assert opened.whole


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs())
def test_an_operation_of_a_primitive_taken_apart_does_what_it_does_as_one_step(source: str) -> None:
    agree(source)


@pytest.mark.long
@settings(max_examples=600, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs())
def test_an_operation_taken_apart_does_what_it_does_as_one_step_in_many_programs(source: str) -> None:
    agree(source)


BESIDE_THE_LOCK = """
import queue, threading
def main():
    q = queue.Queue()
    q.put(1)
    def clear(): {clear}
    def get():
        try: q.get_nowait()
        except queue.Empty: pass
    threads = [threading.Thread(target=f, name=f.__name__) for f in (clear, get)]
    for t in threads: t.start()
    for t in threads: t.join()
"""

FULL = """
import threading
def main():
    barrier, seen = threading.Barrier(2), []
    def look(): seen.append(barrier.n_waiting)
    threads = [threading.Thread(target=f, name=name) for name, f in zip("abc", (barrier.wait, barrier.wait, look))]
    for t in threads: t.start()
    for t in threads: t.join()
    return seen
"""


def test_who_empties_a_queue_beside_its_lock_comes_between_a_look_and_a_take() -> None:
    """The common recipe. Closed, `get_nowait` is one step, and no claim is made."""
    source = BESIDE_THE_LOCK.replace("{clear}", "q.queue.clear()")
    closed, opened = searched(source), searched(source, opened=True)
    assert (closed.ends, closed.whole) == ({("passed", "None")}, False)
    assert (opened.ends, opened.whole) == ({("passed", "None"), ("crashed", "None")}, True)
    with_it = BESIDE_THE_LOCK.replace("{clear}", "\n        with q.mutex: q.queue.clear()")
    closed, opened = searched(with_it), searched(with_it, opened=True)
    assert (closed.ends, closed.whole) == ({("passed", "None")}, True)
    assert (opened.ends, opened.whole) == ({("passed", "None")}, True)


def test_n_waiting_is_a_look_without_the_lock() -> None:
    """The last one to come to a barrier counts itself before it opens it."""
    closed, opened = searched(FULL), searched(FULL, opened=True)
    assert (closed.ends, closed.whole) == ({("passed", "[0]"), ("passed", "[1]")}, False)
    assert (opened.ends, opened.whole) == ({("passed", "[0]"), ("passed", "[1]"), ("passed", "[2]")}, True)


NO_TIME_LEFT = """
import threading
def main():
    c, got = threading.Condition(), []
    def waits():
        with c: got.append(c.wait(0))
    def notifies():
        with c: c.notify()
    threads = [threading.Thread(target=f, name=f.__name__) for f in (waits, notifies)]
    for t in threads: t.start()
    for t in threads: t.join()
    return got
"""

BARRIER = """
import threading
def main():
    barrier, got = threading.Barrier(2), []
    def hurries():
        try: got.append(("hurries", barrier.wait(0)))
        except threading.BrokenBarrierError: got.append("broken")
    def comes():
        try: got.append(("comes", barrier.wait()))
        except threading.BrokenBarrierError: got.append("broken")
    threads = [threading.Thread(target=f, name=f.__name__) for f in (hurries, comes)]
    for t in threads: t.start()
    for t in threads: t.join()
    return sorted(map(str, got))
"""


def test_who_waits_on_a_condition_for_no_time_lets_go_of_its_lock_all_the_same() -> None:
    """So it may be notified, which no order of whole operations shows."""
    ends = {("passed", "[True]"), ("passed", "[False]")}
    assert searched(NO_TIME_LEFT).ends == ends == searched(NO_TIME_LEFT, opened=True).ends
    closed, opened = searched(BARRIER), searched(BARRIER, opened=True)
    assert closed.ends == opened.ends
    assert {result for _, result in closed.ends} == {
        "['broken', 'broken']",
        """["('comes', 0)", "('hurries', 1)"]""",
        """["('comes', 1)", "('hurries', 0)"]""",
    }


LEFT_TO_ITSELF = """
import threading
from concurrent.futures import ThreadPoolExecutor
x, seen = 0, []
def bump():
    global x
    x += 1
def leaves():
    pool = ThreadPoolExecutor(1)
    pool.submit(bump)
    pool.shutdown(wait=False)
    seen.append(x)
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (leaves, bump)]
    for t in threads: t.start()
    for t in threads: t.join()
    return x, seen[0]
"""


def test_a_pool_that_is_left_to_itself_is_searched_to_the_end() -> None:
    """Whether its owner or its worker lets go of it last is no difference that a search would not see."""
    found = searched(LEFT_TO_ITSELF)
    ends = {("passed", str(end)) for end in ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2))}
    assert (found.ends, found.whole) == (ends, True)


LOOK_FIRST = """
import queue, threading
def main():
    q, seen = queue.SimpleQueue(), []
    def put(): q.put(1)
    def look():
        try: seen.append(None if q.empty() else q.get_nowait())
        except queue.Empty: seen.append("gone")
    threads = [threading.Thread(target=f, name=f.__name__) for f in (put, look)]
    for t in threads: t.start()
    for t in threads: t.join()
    assert seen != ["gone"], "not empty, and nothing to get"
    return seen
"""
"""The library's SimpleQueue in Python appends an item and then releases a semaphore."""


def harness(*arguments: str) -> tuple[int, dict[str, Any]]:
    command = [sys.executable, "-m", "harness", *arguments, "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


@pytest.mark.parametrize(("option", "word"), [("--open-stdlib", "threading"), ("--instrument=queue", "queue")])
def test_a_failure_between_two_steps_of_the_library_is_found_and_replayed(
    option: str, word: str, tmp_path: Path
) -> None:
    path = tmp_path / "look_first.py"
    path.write_text(LOOK_FIRST)
    code, closed = harness("explore", str(path), "--strategy", "exhaustive")
    assert (code, closed["exhausted"], closed["results"]) == (0, True, {"[None]": 1, "[1]": 1})
    code, found = harness("explore", str(path), option)
    assert (code, found["outcome"], found["preemptions"]) == (1, "violated", 1)
    assert found["message"].endswith("not empty, and nothing to get")
    pair = [found["critical_pair"][which] for which in ("first", "second")]
    assert [(step["thread"], step["operation"], Path(step["file"]).name) for step in pair] == [
        ("put", "write", "queue.py"),
        ("look", "read", "queue.py"),
    ]
    assert f":instrument+{word}:" in found["minimal_witness"]
    code, again = harness("replay", str(path), found["minimal_witness"])
    assert (code, again["outcome"], again["diverged"]) == (0, "violated", None)


LOST_NOTIFY = """
import threading
def main():
    c = threading.Condition()
    def waits():
        with c:
            c.wait()
    def notifies():
        with c:
            c.notify()
    threads = [threading.Thread(target=f, name=f.__name__) for f in (waits, notifies)]
    for t in threads: t.start()
    for t in threads: t.join()
"""


def test_a_deadlock_inside_names_the_line_of_the_program_too(tmp_path: Path) -> None:
    path = tmp_path / "lost.py"
    path.write_text(LOST_NOTIFY)
    _, found = harness("explore", str(path), "--open-stdlib")
    assert found["outcome"] == "deadlock"
    told = re.sub(r"threading.py:\d+", "threading.py:…", found["message"]).split(";")[0]
    assert told == (
        "waits waits for somebody to release waiter (threading.py:…, from lost.py:7), and nobody is left to do that"
    )


def test_a_loop_in_which_somebody_is_served_is_no_livelock_where_nobody_sees_who() -> None:
    """Closed it is a starvation: the reader takes the lock again and again, and the writer is notified in vain."""
    target = ("explore", "starvation/writer_starvation:broken", "--budget", "50x")
    _, closed = harness(*target)
    _, opened = harness(*target, "--open-stdlib")
    assert (closed["outcome"], opened["outcome"]) == ("starvation", "inconclusive")
    assert opened["message"].endswith("who is served in a loop shows only where the library is not taken apart")


LOCAL = """
import threading
made = []
class Own(threading.local):
    def __init__(self): made.append(threading.current_thread().name)
own = Own()
def use(): own.value = 1
def main():
    threads = [threading.Thread(target=use, name=name) for name in "ab"]
    for t in threads: t.start()
    for t in threads: t.join()
    return sorted(made)
"""


@pytest.mark.parametrize("options", [(), ("--open-stdlib",)], ids=["closed", "opened"])
def test_looking_at_a_thread_local_runs_none_of_its_code(options: tuple[str, ...], tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text(LOCAL)
    code, found = harness("explore", str(path), "--strategy", "exhaustive", *options)
    assert (code, found["exhausted"], list(found["results"])) == (0, True, ["['MainThread', 'a', 'b']"])
