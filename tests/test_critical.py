"""The critical pair: a failing and a passing schedule one adjacent swap apart, and the two steps said aloud."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.critical import CriticalPair, critical_pair
from harness.execution import Replayed, Runner
from harness.explore import Options, explore
from harness.minimize import minimize
from harness.outcome import Outcome
from harness.report.search import exploration_text
from harness.report.text import Style
from harness.schedule import Witness
from harness.world.program import load_program


class Chance:
    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def runner_of(tmp_path: Path, source: str) -> Runner:
    path = tmp_path / "bank.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return Runner(load_program(path))


def pair_of(runner: Runner) -> CriticalPair | None:
    """The pair of the smallest failure."""
    failed = failure_of(runner, range(2_000))
    assert failed is not None
    return critical_pair(failed, runner)


def failure_of(runner: Runner, seeds: Iterable[int]) -> Replayed | None:
    """The first failure by chance, made as small as it goes."""
    for seed in seeds:
        execution = runner.run(Chance(seed))
        runner.refine()
        if execution.outcome.failed:
            return minimize(runner.follow(execution), runner).replayed
    return None


LOST_UPDATE = """
    import threading
    class Account:
        def __init__(self): self.balance = 0
    def deposit(account):
        seen = account.balance
        account.balance = seen + 1
    def main():
        account = Account()
        threads = [threading.Thread(target=deposit, args=(account,), name=name) for name in ("ann", "bob")]
        for t in threads: t.start()
        for t in threads: t.join()
        assert account.balance == 2
"""

TWO_LOCKS = """
    import threading
    A, B = threading.Lock(), threading.Lock()
    def work(one, two):
        with one:
            with two:
                pass
    def main():
        threads = [
            threading.Thread(target=work, args=(A, B), name="ann"),
            threading.Thread(target=work, args=(B, A), name="bob"),
        ]
        for t in threads: t.start()
        for t in threads: t.join()
"""

LOCK_EACH_STEP = """
    import threading
    lock, seats = threading.Lock(), 1
    def book():
        global seats
        with lock:
            free = seats
        if free:
            with lock:
                seats -= 1
    def main():
        threads = [threading.Thread(target=book, name=name) for name in ("ann", "bob")]
        for t in threads: t.start()
        for t in threads: t.join()
        assert seats == 0
"""

LOST_WAKEUP = """
    import threading
    bell = threading.Event()
    def wait():
        bell.clear()
        bell.wait()
    def main():
        t = threading.Thread(target=wait, name="waiter")
        t.start()
        bell.set()
        t.join()
"""

MANY_ALIKE = """
    import threading
    cells = [0] * 80
    def work():
        for i in range(80):
            cells[i] += 1
    def main():
        threads = [threading.Thread(target=work, name=name) for name in ("ann", "bob")]
        for t in threads: t.start()
        for t in threads: t.join()
        assert cells[17] == 2
"""

ALL_AT_ONCE = """
    import threading
    count = 0
    def work():
        global count
        for _ in range(30):
            count += 1
    def main():
        threads = [threading.Thread(target=work, name=name) for name in ("ann", "bob")]
        for t in threads: t.start()
        for t in threads: t.join()
        assert count == 60
"""

AFTER_YOU = """
    import threading
    A, B = threading.Lock(), threading.Lock()
    def work(one, other):
        while True:
            with one:
                if other.acquire(blocking=False):
                    other.release()
                    return
    def main():
        threads = [
            threading.Thread(target=work, args=(A, B), name="ann"),
            threading.Thread(target=work, args=(B, A), name="bob"),
        ]
        for t in threads: t.start()
        for t in threads: t.join()
"""

OUT_OF_STOCK = """
    import queue, threading
    stock, lock, orders = 2, threading.Lock(), queue.Queue()
    def take():
        global stock
        with lock:
            if stock == 0:
                return False
            stock -= 1
            return True
    def worker():
        while not orders.empty():
            order = orders.get()
            if not take():
                orders.put(order)
    def main():
        orders.put("a")
        orders.put("b")
        threads = [threading.Thread(target=worker, name="worker"), threading.Thread(target=take, name="counter")]
        for t in threads: t.start()
        for t in threads: t.join()
"""

ALWAYS = """
    import threading
    def main():
        t = threading.Thread(target=print, name="t")
        t.start()
        t.join()
        raise ValueError
"""


def test_a_lost_update_is_decided_by_a_read_before_a_write(tmp_path: Path) -> None:
    pair = pair_of(runner_of(tmp_path, LOST_UPDATE))
    assert pair is not None
    assert pair.sentence == "ann's read of Account.balance (bank.py:6) before bob's write (bank.py:7)"
    first, second = pair.first, pair.second
    assert (first.thread, first.operation, first.object, first.value, first.line, first.source) == (
        "ann", "read", "Account.balance", "0", 6, "seen = account.balance",
    )  # fmt: skip
    assert (second.thread, second.operation, second.object, second.value, second.line, second.source) == (
        "bob", "write", "Account.balance", "1", 7, "account.balance = seen + 1",
    )  # fmt: skip


def test_a_deadlock_is_decided_by_the_acquisition_that_closes_the_circle(tmp_path: Path) -> None:
    pair = pair_of(runner_of(tmp_path, TWO_LOCKS))
    assert pair is not None
    assert pair.sentence == "bob's acquire of B (bank.py:5) before ann's acquire (bank.py:6)"


def test_two_swaps_may_be_needed_and_the_last_one_decides(tmp_path: Path) -> None:
    pair = pair_of(runner_of(tmp_path, LOCK_EACH_STEP))
    assert pair is not None
    assert pair.sentence in (
        "ann's acquire of lock (bank.py:6) before bob's acquire (bank.py:9)",
        "bob's acquire of lock (bank.py:6) before ann's acquire (bank.py:9)",
    )


def test_a_lost_wakeup_is_decided_by_the_bell_that_rang_too_early(tmp_path: Path) -> None:
    pair = pair_of(runner_of(tmp_path, LOST_WAKEUP))
    assert pair is not None
    assert pair.sentence == "MainThread's set of bell (bank.py:10) before waiter's clear (bank.py:5)"


def test_what_came_after_a_crash_does_not_decide_it(tmp_path: Path) -> None:
    pair = pair_of(runner_of(tmp_path, """
        import threading
        arrived, orders = threading.Condition(), []
        def take():
            with arrived:
                if not orders:
                    arrived.wait()
                orders.pop()
        def put():
            with arrived:
                orders.append(1)
                arrived.notify()
        def main():
            threads = [threading.Thread(target=take, name=name) for name in ("ann", "ben")]
            for t in threads: t.start()
            for _ in threads: put()
            for t in threads: t.join()
    """))  # fmt: skip
    assert pair is not None
    assert pair.sentence in (
        "ben's acquire of arrived (bank.py:5) before ann's wake (bank.py:7)",
        "ann's acquire of arrived (bank.py:5) before ben's wake (bank.py:7)",
    )


def test_a_pair_is_found_among_many_races_that_look_alike(tmp_path: Path) -> None:
    pair = pair_of(runner_of(tmp_path, MANY_ALIKE))
    assert pair is not None
    assert pair.sentence == "ann's read of cells[17] (bank.py:6) before bob's write (bank.py:6)"


def test_what_fails_whichever_two_steps_are_swapped_has_a_pair_in_a_failure_that_loses_less(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, ALL_AT_ONCE)
    pair = pair_of(runner)
    assert pair is not None
    assert pair.sentence == "bob's read of count (bank.py:7) before ann's write (bank.py:7)"
    states = [
        runner.replay(Witness.parse(text)).trace.steps[-1].state["count"] for text in (pair.failing, pair.passing)
    ]
    assert states == ["59", "60"]


def test_a_livelock_is_decided_by_what_comes_before_its_loop(tmp_path: Path) -> None:
    found = explore(runner_of(tmp_path, OUT_OF_STOCK).program, Options())
    assert found.critical_pair is not None
    assert found.critical_pair.sentence == "counter's acquire of lock (bank.py:6) before worker's acquire (bank.py:6)"


def test_threads_that_take_turns_for_ever_are_decided_by_the_step_that_one_made_out_of_turn(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, AFTER_YOU)
    pair = explore(runner.program, Options()).critical_pair
    assert pair is not None
    assert pair.sentence == "bob's acquire of B (bank.py:6) before ann's try_acquire (bank.py:7)"
    replays = [runner.replay(Witness.parse(text)) for text in (pair.failing, pair.passing)]
    assert [(r.diverged, r.execution.outcome) for r in replays] == [(None, Outcome.LIVELOCK), (None, Outcome.PASSED)]


def test_a_thread_that_never_gets_its_turn_would_have_needed_it_once() -> None:
    program = load_program(Path(__file__).parent / "programs" / "starvation" / "passed_over.py")
    pair = explore(program, Options()).critical_pair
    assert pair is not None
    assert pair.sentence == "taker's acquire of lock (passed_over.py:8) before victim's acquire (passed_over.py:13)"
    replays = [Runner(program).replay(Witness.parse(text)) for text in (pair.failing, pair.passing)]
    assert [(r.diverged, r.execution.outcome) for r in replays] == [(None, Outcome.STARVATION), (None, Outcome.PASSED)]


def test_a_scenario_that_always_fails_is_told_to_have_no_pair(tmp_path: Path) -> None:
    found = explore(runner_of(tmp_path, ALWAYS).program, Options(strategy="random"))
    words = " ".join(exploration_text(found, Style()).split())
    assert f" decides no two steps, it seems: of {found.orders} other orders that were tried none passes " in words
    assert found.orders > 100


@pytest.mark.parametrize("source", [LOST_UPDATE, TWO_LOCKS, LOCK_EACH_STEP, LOST_WAKEUP, MANY_ALIKE, ALL_AT_ONCE])
def test_the_two_schedules_fail_and_pass_and_differ_in_the_order_of_the_pair(source: str, tmp_path: Path) -> None:
    runner = runner_of(tmp_path, source)
    pair = pair_of(runner)
    assert pair is not None
    failing, passing = (runner.replay(Witness.parse(text)) for text in (pair.failing, pair.passing))
    assert (failing.diverged, passing.diverged) == (None, None)
    assert (failing.execution.outcome.failed, passing.execution.outcome) == (True, Outcome.PASSED)
    same = 0
    for one, other in zip(failing.execution.schedule, passing.execution.schedule, strict=False):
        if one != other:
            break
        same += 1
    threads = failing.trace.threads
    assert threads[failing.execution.schedule[same]] == pair.first.thread
    assert threads[passing.execution.schedule[same]] == pair.second.thread


STATEMENTS = st.sampled_from(["a += 1", "b = a + 1", "a = b * 2", "q.append(a)", "b += q.pop() if q else 3"])
BLOCKS = st.lists(STATEMENTS, min_size=1, max_size=3).flatmap(
    lambda body: st.sampled_from([body, ["with lock:", *(f"    {line}" for line in body)]])
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(threads=st.lists(st.lists(BLOCKS, min_size=1, max_size=3), min_size=2, max_size=3))
def test_whatever_the_program_the_pair_is_where_one_schedule_that_fails_and_one_that_passes_part(
    threads: list[list[list[str]]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines = ["import threading", "a = b = 0", "q, lock = [], threading.Lock()"]
    for number, blocks in enumerate(threads):
        lines += [f"def t{number}():", "    global a, b", *(f"    {line}" for block in blocks for line in block)]
    names = ", ".join(f"t{number}" for number in range(len(threads)))
    lines += [
        "def main():", f"    threads = [threading.Thread(target=f, name=f.__name__) for f in ({names})]",
        "    for t in threads: t.start()", "    for t in threads: t.join()", "    return a, b, len(q)",
    ]  # fmt: skip
    path = tmp_path_factory.mktemp("any")
    in_order = runner_of(path, "\n".join(lines)).run(Chance(0)).result
    lines[-1] = f"    assert (a, b, len(q)) == {in_order}"
    runner = runner_of(path, "\n".join(lines))
    if (failed := failure_of(runner, range(20))) is None or (pair := critical_pair(failed, runner)) is None:
        return
    replays = [runner.replay(Witness.parse(text)) for text in (pair.failing, pair.passing)]
    assert [(r.diverged, r.execution.outcome) for r in replays] == [
        (None, failed.execution.outcome),
        (None, Outcome.PASSED),
    ]
    ways = [r.execution.schedule for r in replays]
    same = next(at for at, (one, other) in enumerate(zip(*ways, strict=False)) if one != other)
    names_of = replays[0].trace.threads
    assert [names_of[way[same]] for way in ways] == [pair.first.thread, pair.second.thread]
    if "acquire" not in (pair.first.operation, pair.second.operation):  # of two steps on data both are enabled
        assert ways[0][same : same + 2] == ways[1][same : same + 2][::-1]


def test_where_every_schedule_fails_there_is_no_pair(tmp_path: Path) -> None:
    assert pair_of(runner_of(tmp_path, ALWAYS)) is None


def test_a_step_of_the_librarys_own_thread_is_told_with_the_line_that_started_it(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, """
        from concurrent.futures import ThreadPoolExecutor
        def name(number):
            names[number] = threading.current_thread().name
        import threading
        names = {}
        def main():
            with ThreadPoolExecutor(2, thread_name_prefix="worker") as pool:
                pool.submit(name, 1)
                pool.submit(name, 2)
            assert names[1] != names[2]
    """)  # fmt: skip
    found = explore(runner.program, Options())
    assert found.critical_pair is not None
    place = found.critical_pair.first
    assert (place.thread, place.operation, place.object, place.where, place.at, place.source) == (
        "worker_0", "get", "pool", "in the library, for bank.py:9", "bank.py:9", "pool.submit(name, 1)",
    )  # fmt: skip


def test_explore_tells_the_pair(tmp_path: Path) -> None:
    runner = runner_of(tmp_path, LOST_UPDATE)
    found = explore(runner.program, Options(strategy="random"))
    assert found.critical_pair is not None
    assert found.critical_pair.sentence == "ann's read of Account.balance (bank.py:6) before bob's write (bank.py:7)"
    shown = exploration_text(found, Style()).splitlines()
    at = next(number for number, line in enumerate(shown) if "decides" in line)
    assert shown[at : at + 4] == [
        "  decides  ann's read of Account.balance (bank.py:6) before bob's write",
        "           (bank.py:7); the other way round it passes",
        "           bank.py:6  seen = account.balance   (reads 0)",
        "           bank.py:7  account.balance = seen + 1   (writes 1)",
    ]
    assert shown[-2].endswith(f" {found.critical_pair.passing}")


def test_a_failure_of_more_than_a_thousand_steps_has_a_pair(tmp_path: Path) -> None:
    source = TWO_LOCKS.replace(
        "        with one:", "        for _ in range(260):\n            with one: pass\n        with one:"
    )
    runner = runner_of(tmp_path, source)
    shown = runner.replay(Witness.parse(f"h1:deadlock:{runner.program.digest}:ann@acquire+B=bob"))
    assert (shown.diverged, shown.execution.steps) == (None, 1050)
    pair = critical_pair(shown, runner)
    assert pair is not None
    assert pair.sentence == "bob's acquire of B (bank.py:7) before ann's acquire (bank.py:8)"
