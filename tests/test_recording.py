"""Recordings: watching changes nothing, names nothing twice, and tells each wait and each preemption once."""

from __future__ import annotations

import textwrap
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness.execution import Replayed, Runner
from harness.outcome import Outcome
from harness.recording import NAMES
from harness.schedule import Witness
from harness.world.program import load_program


class Chance:
    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def runner_of(tmp_path: Path, source: str) -> Runner:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return Runner(load_program(path))


def lines(replayed: Replayed, *operations: str) -> list[str]:
    """The trace as `thread operation object [waits on whom] [preempts whom]`, without the life of threads."""
    return [
        " ".join(
            filter(
                None,
                (
                    s.thread,
                    s.operation,
                    s.object,
                    s.value if s.value == "waits" else "",
                    f"on {s.waits_on}" if s.waits_on else "",
                    f"({s.preempted} preempted)" if s.preempted else "",
                ),
            )
        )  # fmt: skip
        for s in replayed.trace.steps
        if s.operation in operations
    ]


COUNTER = """
    import threading
    class Counter:
        def __init__(self): self.value, self.lock = 0, threading.Lock()
    def add(counter):
        counter.value += 1
        with counter.lock:
            counter.value += 1
    def main():
        counter = Counter()
        threads = [threading.Thread(target=add, args=(counter,), name=name) for name in ("ann", "bob")]
        for t in threads: t.start()
        for t in threads: t.join()
        return counter.value
"""

FINALIZER = """
    import threading
    log = []
    class Connection:
        def __init__(self, name): self.name = name
        def __del__(self): log.append(f"{self.name} closed")
    def work(name):
        connection = Connection(name)
        connection.name += "!"
        box = [connection.name]
        box[0]
        del connection
        log.append(name)
    def main():
        threads = [threading.Thread(target=work, args=(name,), name=name) for name in ("ann", "bob")]
        for t in threads: t.start()
        for t in threads: t.join()
        return list(log)
"""

POOL = """
    from concurrent.futures import ThreadPoolExecutor
    PAGES = {"a": 1, "b": 2}
    def load(page):
        return PAGES[page]
    def main():
        with ThreadPoolExecutor(2, thread_name_prefix="loader") as pool:
            return sum(pool.map(load, PAGES))
"""

PROBED = """
    import threading
    lock, log = threading.Lock(), []
    def work(n):
        if lock.acquire(blocking=False):
            log.append(n)
            lock.release()
    def main():
        threads = [threading.Thread(target=work, args=(n,), name=f"t{n}") for n in range(3)]
        for t in threads: t.start()
        for t in threads: t.join()
        return list(log)
"""


@pytest.mark.parametrize("source", [COUNTER, FINALIZER, POOL, PROBED])
def test_an_execution_that_is_watched_does_the_same_as_one_that_is_not(source: str, tmp_path: Path) -> None:
    runner = runner_of(tmp_path, source)
    for seed in range(12):
        alone = runner.run(Chance(seed), log_steps=seed % 2 == 0)
        runner.refine()
        watched = runner.follow(alone)
        assert watched.diverged is None
        assert (watched.execution.outcome, watched.execution.result) == (alone.outcome, alone.result)


@pytest.mark.parametrize("source", [COUNTER, FINALIZER, POOL, PROBED])
def test_the_witness_of_any_execution_leads_to_the_same_trace(source: str, tmp_path: Path) -> None:
    runner = runner_of(tmp_path, source)
    for seed in range(6):
        first = runner.record(Chance(seed), 5_000)
        again = runner.replay(Witness.parse(str(first.witness)))
        assert (again.diverged, again.witness, again.trace) == (None, first.witness, first.trace)


def test_a_preemption_is_marked_where_a_thread_is_left_that_was_enabled(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, COUNTER)
    digest = runner.program.digest
    shown = runner.replay(Witness.parse(f"h1:passed:{digest}:ann@write+Counter.value=bob:bob@acquire+Counter.lock=ann"))
    told = [line for line in lines(shown, "read", "write", "acquire") if "Counter.value" in line or "acquire" in line]
    assert told == [
        "ann read Counter.value", "bob read Counter.value",
        "bob write Counter.value", "ann write Counter.value (bob preempted)",
        "ann acquire Counter.lock", "ann read Counter.value", "ann write Counter.value", "bob acquire Counter.lock",
        "bob read Counter.value", "bob write Counter.value",
    ]  # fmt: skip
    assert [(s.thread, s.operation, s.preempted) for s in shown.trace.steps if s.preempted] == [
        ("bob", "begin", "ann"), ("ann", "write", "bob"),
    ]  # fmt: skip
    assert shown.preemptions == 2


def test_values_state_locks_and_source_stand_beside_each_step(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, COUNTER)
    shown = runner.replay(Witness.parse(f"h1:passed:{runner.program.digest}"))
    step = [s for s in shown.trace.steps if s.thread == "ann" and s.operation == "write"][-1]
    assert (step.object, step.value, step.line, step.source) == ("Counter.value", "2", 8, "counter.value += 1")
    assert step.locks == ("Counter.lock",)
    assert step.state == {"Counter.value": "2", "Counter.lock": "ann"}


def test_a_slot_that_is_empty_has_no_value_and_breaks_nothing(tmp_path: Path) -> None:
    """Reading it is the program's own AttributeError, which it handles; writing it down must not raise another one."""
    runner = runner_of(tmp_path, """\
        import threading

        class Lazy:
            __slots__ = ("made",)

        def main():
            lazy = Lazy()
            def fill():
                lazy.made = 1
                del lazy.made
            def look():
                getattr(lazy, "made", None)
            threads = [threading.Thread(target=f, name=f.__name__) for f in (fill, look)]
            for t in threads: t.start()
            for t in threads: t.join()
        """)  # fmt: skip
    shown = runner.replay(Witness.parse(f"h1:passed:{runner.program.digest}"))
    steps = [(s.thread, s.operation, s.value) for s in shown.trace.steps if s.object == "Lazy.made"]
    assert steps == [("fill", "write", "1"), ("fill", "write", ""), ("look", "read", "")]


def test_every_thread_that_waits_in_the_end_has_a_line_that_says_for_whom(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, """
        import threading
        A, B = threading.Lock(), threading.Lock()
        def work(one, two):
            with one:
                with two: pass
        def main():
            threads = [
                threading.Thread(target=work, args=pair, name=name) for name, pair in (("ann", (A, B)), ("bob", (B, A)))
            ]
            for t in threads: t.start()
            for t in threads: t.join()
    """)  # fmt: skip
    shown = runner.replay(Witness.parse(f"h1:deadlock:{runner.program.digest}:ann@acquire+B=bob"))
    assert (shown.diverged, shown.execution.outcome) == (None, Outcome.DEADLOCK)
    assert lines(shown, "acquire", "join") == [
        "MainThread join ann waits on ann", "ann acquire A", "bob acquire B", "bob acquire A waits on ann",
        "ann acquire B waits on bob",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("call", "outcome", "told"),
    [
        ("box.put(2)", "deadlock", ["put put box", "put put box waits"]),
        ("box.put(2, timeout=1)", "crashed", ["put put box", "put put box", "put wake box waits", "put wake box"]),
    ],
)
def test_a_wait_before_an_operation_or_inside_of_it_says_so(
    call: str, outcome: str, told: list[str], tmp_path: Path
) -> None:
    runner = runner_of(tmp_path, """
        import queue, threading
        box = queue.Queue(maxsize=1)
        def put():
            box.put(1)
            CALL
        def main():
            t = threading.Thread(target=put, name="put")
            t.start()
            t.join()
    """.replace("CALL", call))  # fmt: skip
    shown = runner.replay(Witness.parse(f"h1:{outcome}:{runner.program.digest}"))
    assert lines(shown, "put", "wake") == told


def test_without_states_a_record_is_the_same_but_for_them(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, COUNTER)
    full, short = (runner.record(Chance(3), 5_000, states=states) for states in (True, False))
    assert any(step.state for step in full.trace.steps)
    assert short.trace.steps == tuple(replace(step, state={}) for step in full.trace.steps)
    assert (short.witness, short.preemptions, short.facts) == (full.witness, full.preemptions, full.facts)


def test_of_much_data_the_state_is_what_was_touched_last(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, """
        import threading
        cells = [0] * 150
        def work():
            for at in range(150): cells[at] += 1
        def main():
            t = threading.Thread(target=work, name="t")
            t.start()
            t.join()
    """)  # fmt: skip
    steps = runner.record(Chance(0), 10_000).trace.steps
    last = [step for step in steps if step.object.startswith("cells[")][-1]
    assert (last.object, last.state["cells[149]"], last.state["cells[100]"]) == ("cells[149]", "1", "1")
    assert len(last.state) == NAMES and "cells[0]" not in last.state
