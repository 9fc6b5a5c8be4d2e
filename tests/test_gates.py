"""Waiting before an operation instead of inside of it: what that may cost, and where it would tell.

Compared with every choice there is where threads go into CPython's code and wait there, as they do outside of
the lab; and the number of executions with the number of classes of equivalent ones.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.execution import Runner
from harness.schedule import Witness
from harness.trace import GATED
from tests.real_programs import brute_force, classes, program, searched
from tests.test_witnesses import ROOT, interpreter

LIMIT = 400

HEAD = """
import queue, threading, time
x, log = 0, []
S, Z, B = threading.Semaphore(1), threading.Semaphore(0), threading.BoundedSemaphore(2)
E, L = threading.Event(), threading.Lock()
Q, U, P, F = queue.Queue(1), queue.Queue(), queue.PriorityQueue(2), queue.SimpleQueue()
"""

TAIL = """
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in ({names},)]
    for t in threads: t.start()
    for t in threads: t.join()
    return x, log, E.is_set(), Q.qsize(), U.qsize()
"""

UNTIMED = [
    "S.acquire()", "S.release()", "with S: x += 1", "with S: log.append(x)", "Z.acquire()", "Z.release()",
    "Z.release(2)", "E.wait(); log.append(x)", "E.set()", "log.append(E.is_set())", "Q.put(x)", "log.append(Q.get())",
    "U.put(x)", "log.append(U.get())", "U.get(); U.task_done()", "U.join(); log.append(7)", "F.put(x)",
    "log.append(F.get())", "x += 1", "x = 5", "log.append(S.acquire(False))", "log.append(Z.acquire(blocking=False))",
    "log.append(Q.qsize())", "with L: Z.acquire()", "with L: Z.release()", "with L: x += 1", "P.put(x)",
    "log.append(P.get())", "if x: return", "with B: x += 1", "B.acquire()", "Q.put(1); Q.put(2)", "Q.get(); Q.get()",
    "try: log.append(Q.get_nowait())\n    except queue.Empty: log.append(None)", "raise KeyError",
    "try: Q.put_nowait(9)\n    except queue.Full: log.append(None)", "U.put(1); U.put(2)", "U.task_done()",
    "try: B.release()\n    except ValueError: log.append('!')",
]  # fmt: skip

TIMED = [
    "log.append(S.acquire(timeout=1))", "log.append(Z.acquire(timeout=2))", "log.append(E.wait(1))", "time.sleep(1)",
    "try: log.append(Q.get(timeout=1))\n    except queue.Empty: log.append(None)", "time.sleep(1); Z.release()",
    "try: Q.put(3, timeout=2)\n    except queue.Full: log.append(None)", "log.append(time.monotonic())",
    "try: log.append(F.get(timeout=1))\n    except queue.Empty: log.append(None)", "time.sleep(1); Q.put(4)",
]  # fmt: skip

TELLING = ["E.clear()", "E.set(); E.clear()", "E.wait(); E.clear()", "Q.queue.clear()", "Z._value += 1", "S._value = 1"]


def source_of(bodies: list[list[str]]) -> str:
    names = [f"t{number}" for number in range(len(bodies))]
    inside = map("\n    ".join, bodies)
    functions = [f"def {name}():\n    global x\n    {body}\n" for name, body in zip(names, inside, strict=True)]
    return HEAD + "".join(functions) + TAIL.replace("{names}", ", ".join(names))


@st.composite
def programs(draw: st.DrawFn) -> list[list[str]]:
    """A few statements, so that several threads are likely to work on the same."""
    pool = draw(st.lists(st.sampled_from(UNTIMED + 2 * TIMED + 2 * TELLING), min_size=3, max_size=6))
    threads = draw(st.sampled_from([2, 3]))
    body = st.lists(st.sampled_from(pool), min_size=1, max_size=5 - threads)
    return draw(st.lists(body, min_size=threads, max_size=threads))


def agree(bodies: list[list[str]], limit: int, early_timeouts: bool = False) -> None:
    source = source_of(bodies)
    everything = brute_force(source, limit, main_first=True, early_timeouts=early_timeouts)
    if everything is not None:
        found = searched(source, early_timeouts=early_timeouts)
        assert (found.ends, found.redundant) == (everything, 0), source
        count = classes(source, limit, early_timeouts=early_timeouts)
        assert count in (found.executions, None), source


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(programs())
def test_a_search_reaches_what_waiting_inside_can_reach_once_per_class(bodies: list[list[str]]) -> None:
    agree(bodies, LIMIT)


@pytest.mark.long
@pytest.mark.timeout(900)
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(programs(), st.booleans())
def test_a_search_reaches_what_waiting_inside_can_reach_once_per_class_on_many(
    bodies: list[list[str]], early_timeouts: bool
) -> None:
    agree(bodies, 4 * LIMIT, early_timeouts)


FIRST_COME = """
import threading, time
log = []
S = threading.Semaphore(0)
def early():
    S.acquire()
    log.append("early")
def late():
    time.sleep(1)
    S.acquire()
    log.append("late")
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (early, late)]
    for t in threads: t.start()
    time.sleep(2)
    S.release()
    time.sleep(1)
    S.release()
    for t in threads: t.join()
    return log
"""

PULSE = """
import threading, time
E = threading.Event()
def main():
    waits = threading.Thread(target=E.wait, name="waits")
    waits.start()
    time.sleep(1)
    E.set()
    E.clear()
    waits.join()
"""

EMPTIED = """
import queue, threading
Q = queue.Queue(1)
def fill(): Q.put(2)
def clear():
    with Q.mutex: Q.queue.clear()
def main():
    Q.put(1)
    threads = [threading.Thread(target=f, name=f.__name__) for f in (fill, clear)]
    for t in threads: t.start()
    for t in threads: t.join()
    return Q.qsize()
"""

HALF_DONE = """
import queue, threading
P = queue.PriorityQueue()
def main():
    threads = [threading.Thread(target=P.get, name=name) for name in ("one", "two")]
    for t in threads: t.start()
    P.put(1)
    try: P.put("one")
    except TypeError: pass
    for t in threads: t.join()
    return P.qsize()
"""

OWN_QUEUE = """
import queue, threading
class Once(queue.Queue):
    def _put(self, item):
        self.queue.append(item)
    def _get(self):
        item = self.queue[0]
        self.queue.clear()
        return item
Q = Once(2)
def fill():
    for n in range(4): Q.put(n)
def main():
    threads = [threading.Thread(target=f, name=f"t{n}") for n, f in enumerate((fill, fill, Q.get, Q.get))]
    for t in threads: t.start()
    for t in threads: t.join()
"""

TELLS = {
    "who stands in line when time passes": (FIRST_COME, {("passed", "['early', 'late']")}),
    "who waits when an event is set and cleared": (PULSE, {("passed", "None")}),
    "who waits for room that a program makes itself": (EMPTIED, {("passed", "1"), ("deadlock", None)}),
    "who waits where a put fails half-way": (HALF_DONE, {("passed", "0"), ("deadlock", None)}),
}


@pytest.mark.parametrize("what", TELLS)
def test_where_waiting_inside_shows_it_is_a_step_again(what: str) -> None:
    source, ends = TELLS[what]
    assert searched(source).ends == ends
    if source is not HALF_DONE:  # has too many executions, and main is at work
        assert brute_force(source, 5_000, main_first=True) == ends


IN_TURN = """
import queue, threading
Q = queue.Queue()
class Busy: at = 0
def produce():
    while True:
        Busy.at = 1 - Busy.at
        if Q.empty(): Q.put(0)
def work():
    while True: Q.get()
def main():
    for name, f in (("produces", produce), ("first", work), ("second", work)):
        threading.Thread(target=f, name=name).start()
"""


def test_threads_that_take_turns_are_served_in_the_order_in_which_they_came() -> None:
    execution = Runner(program(IN_TURN), max_steps=600).run(Arrivals())
    assert execution.message.startswith("produces, first and second go round in a loop")


class Arrivals:
    """Notes the keys of what threads are about to do while the first enabled one goes on."""

    every_step = True

    def __init__(self) -> None:
        self.keys: set[object] = set()

    def choose(self, enabled: list[object], running: object, step: int) -> object:
        self.keys.update(task.pending.key for task in enabled if task.pending.kind in ("put", "get"))  # type: ignore[attr-defined]
        return enabled[0]


@pytest.mark.parametrize(("source", "gated"), [(EMPTIED, True), (OWN_QUEUE, False)], ids=["the library's", "its own"])
def test_a_queue_with_insides_of_its_own_is_entered(source: str, gated: bool) -> None:
    watching = Arrivals()
    Runner(program(source)).run(watching)
    assert (GATED in watching.keys) is gated


def test_a_witness_says_that_threads_have_to_go_in_to_wait(tmp_path: Path) -> None:
    source = PULSE.replace("E.clear()", "E.clear()\n    assert not waits.is_alive()")
    runner = Runner(program(source))
    runner.world.scheduler.arrival_points = True
    shown = runner.record(Arrivals(), 100)
    told = f"h1:{shown.execution.outcome}:{runner.program.digest}:arrivals"
    assert str(shown.witness).startswith(told)
    again = Runner(program(source)).replay(Witness.parse(str(shown.witness)))
    assert (again.diverged, again.execution.outcome) == (None, shown.execution.outcome)


SHUT_DOWN = """
import queue, threading
Q, log = queue.Queue(), []
def get():
    try: log.append(Q.get())
    except queue.ShutDown: log.append("shut down")
def main():
    Q.put(1)
    threads = [threading.Thread(target=f, name=name) for name, f in (("a", get), ("b", get), ("shuts", Q.shutdown))]
    for t in threads: t.start()
    for t in threads: t.join()
    return log
"""


def test_who_waited_for_an_item_and_is_refused_by_a_shutdown_could_not_have_gone_on_before_it(tmp_path: Path) -> None:
    python = interpreter("3.13")
    if python is None:
        pytest.skip("a queue can be shut down from Python 3.13 on")
    (tmp_path / "shut_down.py").write_text(SHUT_DOWN)
    told = subprocess.run(
        [python, "-m", "harness", "explore", tmp_path / "shut_down.py", "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    found = json.loads(told.stdout)
    assert (found["exhausted"], found["outcome"]) == (True, "passed"), found["message"]
    assert set(found["results"]) == {"[1, 'shut down']", "['shut down', 1]"}


AGAIN = """
import threading
S = threading.{kind}(0)
def wait(): S.acquire()
def again(): S.__init__(1)
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (wait, again)]
    for t in threads: t.start()
    for t in threads: t.join()
"""


@pytest.mark.parametrize("kind", ["Semaphore", "BoundedSemaphore"])
def test_a_second_init_forgets_who_waits(kind: str) -> None:
    source = AGAIN.replace("{kind}", kind)
    found = searched(source)
    assert {outcome for outcome, _ in found.ends} == {"passed", "deadlock"}
    assert found.ends == brute_force(source, 10 * LIMIT, main_first=True)
