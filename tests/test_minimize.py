"""The smallest witness: fewest preemptions, then fewest steps, then threads; minimal where that can be proved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness import corpus, laboratory
from harness import minimize as module
from harness.budget import Budget
from harness.execution import Replayed, Runner
from harness.laboratory import Here, Order
from harness.minimize import minimize, preemptions, size
from harness.patience import Patience
from harness.schedule import Witness
from harness.search import Search
from harness.world.program import load_program

LOST_UPDATE = """
import threading
class Account:
    def __init__(self):
        self.balance = 0
def deposit(account):
    account.balance += 1
def main():
    account = Account()
    threads = [threading.Thread(target=deposit, args=(account,), name=name) for name in ("ann", "bob")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert account.balance == 2
"""

LOCKS_IN_TWO_ORDERS = """
import threading
A, B = threading.Lock(), threading.Lock()
def work(one, two):
    with one:
        with two:
            pass
def main():
    threads = [
        threading.Thread(target=work, args=(A, B), name="ann"), threading.Thread(target=work, args=(B, A), name="bob")
    ]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""

TWO_PREEMPTIONS = """
import threading
a = b = seen = 0
def writer():
    global a, b
    a = 1
    b = 1
    b = 0
    a = 0
def watcher():
    global seen
    if b:
        seen = a + 1
def main():
    threads = [threading.Thread(target=writer, name="writer"), threading.Thread(target=watcher, name="watcher")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert seen != 1
"""

LOST_WAKEUP = """
import threading
bell, orders = threading.Event(), []
def pack():
    while not orders:
        bell.clear()
        bell.wait()
    orders.pop()
def main():
    packer = threading.Thread(target=pack, name="packer")
    packer.start()
    orders.append("order 1")
    bell.set()
    packer.join()
"""

FAILS_WITHOUT_PREEMPTION = """
import threading
log = []
def main():
    threads = [threading.Thread(target=log.append, args=(n,), name=f"t{n}") for n in range(3)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert log[0] == 0
"""

PROGRAMS = {
    "lost update": (LOST_UPDATE, 1),
    "locks in two orders": (LOCKS_IN_TWO_ORDERS, 1),
    "two preemptions": (TWO_PREEMPTIONS, 2),
    "lost wakeup": (LOST_WAKEUP, 2),
    "no preemption": (FAILS_WITHOUT_PREEMPTION, 0),
}


class Chance:
    """Any enabled thread, so that a failing schedule is full of preemptions that do not matter."""

    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


class Plain:
    """Every sequence of choices, one after the other: no reduction, no bound, nothing clever that could be wrong."""

    every_step = False

    def __init__(self) -> None:
        self._path: list[int] = []
        self._widths: list[int] = []
        self._at = 0

    def next(self) -> bool:
        """To the next sequence; False where the last one was the last."""
        while self._widths and self._path[-1] + 1 == self._widths[-1]:
            self._path.pop()
            self._widths.pop()
        if self._widths:
            self._path[-1] += 1
        self._at = 0
        return bool(self._widths)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        if self._at == len(self._path):
            self._path.append(0)
            self._widths.append(len(enabled))
        self._at += 1
        return enabled[self._path[self._at - 1]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[[str], Runner]:
    def runner(source: str) -> Runner:
        path = tmp_path / "program.py"
        path.write_text(source, encoding="utf-8")
        return Runner(load_program(path))

    return runner


def first_failure(runner: Runner, seed: int = 0, noise: int = 0) -> Replayed:
    """A failing execution of chance with more than `noise` preemptions, shown."""
    for attempt in range(2_000):
        execution = runner.run(Chance(seed + attempt))
        runner.refine()
        if execution.outcome.failed and (shown := runner.follow(execution)).preemptions > noise:
            return shown
    raise AssertionError("no failure found")


def by_brute_force(runner: Runner) -> int:
    """The fewest preemptions of a failing schedule, over all schedules."""
    refined = True
    while refined:
        found, search, refined, left = [], Plain(), False, True
        while left:
            execution = runner.run(search, log_steps=True)
            refined = refined or execution.refined
            if execution.outcome.failed:
                found.append(preemptions(execution.log or []))
            left = search.next()
    return min(found)


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_number_of_preemptions_is_the_one_that_brute_force_finds(name: str, run: Callable[[str], Runner]) -> None:
    source, expected = PROGRAMS[name]
    runner = run(source)
    shown = first_failure(runner)
    least = minimize(shown, runner)
    assert (least.replayed.preemptions, least.proved) == (expected, True)
    assert by_brute_force(runner) == expected


SCENARIOS = [scenario for scenario in map(corpus.load, corpus.directories()) if "fair" not in scenario.witness]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # executors that are unwound
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_no_schedule_of_a_scenario_with_fewer_preemptions_fails_like_the_smallest(scenario: corpus.Scenario) -> None:
    runner = Runner(scenario.program("broken"))
    shown = runner.replay(Witness.parse(scenario.witness))
    least = minimize(shown, runner)
    fewest = least.replayed.preemptions
    assert (least.proved, least.replayed.execution.outcome, fewest <= shown.preemptions) == (
        True, scenario.expect, True,
    )  # fmt: skip
    if fewest:
        order = Order(runner.program, "exhaustive", 0, Budget(seconds=60), fewest - 1, None, True, False, ())
        found = Search(order, Here(order, Runner(runner.program))).run()
        assert (found.exhausted, found.bound, found.failures) == (True, fewest - 1, 0)


def test_what_is_left_of_a_noisy_schedule_is_the_one_turn_that_matters(run: Callable[[str], Runner]) -> None:
    runner = run(LOST_UPDATE)
    shown = first_failure(runner, noise=2)
    least = minimize(shown, runner).replayed
    assert str(least.witness) == f"h1:violated:{runner.program.digest}:ann@write+Account.balance=bob"
    assert [(s.thread, s.operation) for s in least.trace.steps if s.object == "Account.balance"] == [
        ("ann", "read"), ("bob", "read"), ("bob", "write"), ("ann", "write"),
    ]  # fmt: skip


def test_every_failure_leads_to_the_same_witness_each_time(run: Callable[[str], Runner]) -> None:
    witnesses = set()
    for seed in range(6):
        runner = run(LOST_UPDATE)
        witnesses.add(str(minimize(first_failure(runner, seed * 10), runner).replayed.witness))
    assert witnesses == {f"h1:violated:{runner.program.digest}:ann@write+Account.balance=bob"}


def test_leaving_out_turns_works_although_later_turns_do_not_fit_any_more(run: Callable[[str], Runner]) -> None:
    runner = run(LOST_UPDATE)
    digest = runner.program.digest
    noisy = Witness.parse(
        f"h1:violated:{digest}:MainThread@start+bob=ann:ann@read+Account.balance=MainThread:MainThread@join+ann=bob:"
        "bob@read+Account.balance=ann:ann@write+Account.balance=bob"
    )
    rest = noisy._replace(turns=noisy.turns[1:])
    assert runner.replay(noisy).diverged is None
    assert "diverged at step" in (runner.replay(rest).diverged or "")
    found = runner.approach(rest, 1_000)
    assert (found.execution.outcome.value, found.preemptions < noisy_preemptions(runner, noisy)) == ("violated", True)


def noisy_preemptions(runner: Runner, witness: Witness) -> int:
    return runner.replay(witness).preemptions


def test_bringing_pieces_together_needs_no_search(
    run: Callable[[str], Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SEARCH", 0)
    monkeypatch.setattr(module._Shrinking, "run_on", lambda self: None)
    runner = run(LOCKS_IN_TWO_ORDERS)
    shown = first_failure(runner, noise=1)
    least = minimize(shown, runner)
    assert (least.replayed.preemptions, least.proved) == (1, False)


def test_counting_up_finds_the_fewest_preemptions_on_its_own(
    run: Callable[[str], Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in ("run_on", "bring_together"):
        monkeypatch.setattr(module._Shrinking, other, lambda self: None)
    runner = run(TWO_PREEMPTIONS)
    shown = first_failure(runner, noise=2)
    least = minimize(shown, runner)
    assert (least.replayed.preemptions, least.proved) == (2, True)


def test_among_schedules_with_as_few_preemptions_the_shorter_one_is_kept(run: Callable[[str], Runner]) -> None:
    runner = run("""
import threading
done = False
def work():
    global done
    done = True
def look():
    for _ in range(5):
        if done:
            raise ValueError("seen")
def main():
    threads = [threading.Thread(target=look, name="look"), threading.Thread(target=work, name="work")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""")
    shown = first_failure(runner, seed=3)
    least = minimize(shown, runner).replayed
    assert size(least) <= size(shown)
    assert str(least.witness) == f"h1:crashed:{runner.program.digest}:MainThread@join+look=work"
    assert [s.operation for s in least.trace.steps if s.thread == "look"] == ["begin", "read"]


SLOW = LOST_UPDATE.replace("    account.balance += 1", "    account.balance += 1 + 0 * sum(range(3_000_000))")


def test_time_ends_the_explanation_of_a_slow_program_and_that_is_said(
    run: Callable[[str], Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(laboratory, "MINIMIZING", 0.0)
    monkeypatch.setattr(laboratory, "DECIDING", 0.0)
    runner = run(SLOW)
    order = Order(runner.program, "random", 0, Budget(executions=200), None, None, False, False, ())
    found = Search(order, Here(order, runner)).run()
    assert (found.outcome, found.fewest, found.critical_pair) == ("violated", False, None)
    assert found.unfinished.endswith(" s, so not everything was tried")
    assert runner.replay(Witness.parse(found.minimal or "")).diverged is None


def test_executions_that_take_no_longer_than_usual_take_nothing_of_the_time_that_is_left() -> None:
    patience, slow = Patience(0.0), Patience(-3.0)
    assert not slow.over  # nothing is known yet
    for _ in range(100):
        patience.count(10_000, 0.5, turns=False)
        slow.count(1, 0.0001, turns=False)
    assert (patience.over, patience.was_over) == (False, False)
    assert (slow.over, slow.was_over) == (True, True)
