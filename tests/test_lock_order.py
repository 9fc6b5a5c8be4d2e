"""Potential deadlocks: circles of locks in executions that passed; steered to, and called so only if one happens."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from harness.budget import Budget
from harness.detectors.lock_order import circles
from harness.explore import Exploration, Options, explore
from harness.outcome import Outcome
from harness.strategies.directed import Directed, Suspect
from harness.trace import WHOLE, Access, Operation, Step
from harness.world.program import load_program

LOCKS = {"A", "B", "C", "G"}


def step(task: int, kind: str, obj: Any, key: Any = WHOLE) -> Step:
    released = (obj,) if kind == "release" else ()
    return Step(task, Operation(kind, obj, key), (Access(obj, key, "w"),), released, (), (0, 1), 0, False, False)


def run(*lines: str) -> list[Step]:
    """Each line is a thread's number and what it does: `1 +A +B -B -A`; other words are operations on an event."""
    steps = []
    for line in lines:
        task, *words = line.split()
        for word in words:
            kind = {"+": "acquire", "-": "release", "?": "try_acquire"}.get(word[0])
            steps.append(step(int(task), kind, word[1:]) if kind else step(int(task), word, "event"))
    return steps


def found(*lines: str) -> list[list[tuple[int, Any, Any]]]:
    """The circles as (thread, holds, wants) of each member."""
    return [[(m.task, m.holds, m.wants) for m in circle] for circle in circles(run(*lines), LOCKS, set())]


def test_two_locks_in_two_orders_are_a_circle() -> None:
    assert found("1 +A +B -B -A", "2 +B +A -A -B") == [[(1, "A", "B"), (2, "B", "A")]]


def test_a_circle_of_three_threads_is_found_once() -> None:
    assert found("1 +A +B -B -A", "2 +B +C -C -B", "3 +C +A -A -C") == [[(1, "A", "B"), (2, "B", "C"), (3, "C", "A")]]


def test_the_same_order_everywhere_is_none() -> None:
    assert found("1 +A +B -B -A", "2 +A +B -B -A") == []


def test_one_thread_alone_closes_no_circle() -> None:
    assert found("1 +A +B -B -A +B +A -A -B") == []


def test_a_lock_that_both_hold_keeps_them_apart() -> None:
    assert found("1 +G +A +B -B -A -G", "2 +G +B +A -A -B -G") == []


def test_what_something_else_than_the_locks_orders_cannot_meet() -> None:
    assert found("1 +A +B -B -A set", "2 wait +B +A -A -B") == []
    assert found("1 set +A +B -B -A", "2 wait +B +A -A -B") != []


def test_an_attempt_that_gives_up_closes_no_circle() -> None:
    assert found("1 +A ?B -B -A", "2 +B ?A -A -B") == []


def test_a_lock_given_back_in_between_is_not_held() -> None:
    assert found("1 +A -A +B -B", "2 +B +A -A -B") == []


def test_each_member_tells_the_steps_of_both_its_locks() -> None:
    (circle,) = circles(run("1 +A +B -B -A", "2 +B +A -A -B"), LOCKS, set())
    assert [(m.since, m.at) for m in circle] == [(0, 1), (4, 5)]


class Task:
    def __init__(self, index: int, name: str, *doing: tuple[str, str]) -> None:
        self.index, self.name, self.doing = index, name, list(doing)


class Names:
    def label(self, task: Task) -> str:
        return task.name

    def describe(self, task: Task) -> tuple[str, str]:
        return task.doing[0]


def test_suspects_wait_for_each_other_before_their_second_lock() -> None:
    ann = Task(1, "ann", ("acquire", "A"), ("acquire", "B"))
    bob = Task(2, "bob", ("read", "x"), ("acquire", "B"), ("acquire", "A"))
    policy = Directed([Suspect("ann", "A", "B"), Suspect("bob", "B", "A")], Names())
    order, running = [], None
    for number in range(4):
        running = policy.choose([ann, bob], running, number)
        order.append((running.name, *running.doing.pop(0)))
    assert order == [
        ("ann", "acquire", "A"), ("bob", "read", "x"), ("bob", "acquire", "B"), ("ann", "acquire", "B"),
    ]  # fmt: skip


def test_a_suspect_is_let_go_where_nobody_else_can() -> None:
    ann = Task(1, "ann", ("acquire", "A"), ("acquire", "B"))
    policy = Directed([Suspect("ann", "A", "B"), Suspect("bob", "B", "A")], Names())
    assert policy.choose([ann], None, 1) is ann
    ann.doing.pop(0)
    assert policy.choose([ann], ann, 2) is ann


def searched(tmp_path: Path, source: str, strategy: str, executions: int, **more: Any) -> Exploration:
    path = tmp_path / "bank.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return explore(load_program(path), Options(strategy=strategy, budget=Budget(executions=executions), **more))


RARE = """
    import threading
    A, B = threading.Lock(), threading.Lock()
    class Log:
        def __init__(self): self.lines, self.lock = [], threading.Lock()
    def work(log, one, two):
        for n in range(12):
            with log.lock: log.lines.append(n)
        with one:
            with two: pass
        for n in range(12):
            with log.lock: log.lines.append(n)
    def main():
        log = Log()
        pairs = {"ann": (A, B), "bob": (B, A)}
        threads = [threading.Thread(target=work, args=(log, *pairs[name]), name=name) for name in pairs]
        for t in threads: t.start()
        for t in threads: t.join()
"""

CANNOT_MEET = """
    import threading
    A, B, done = threading.Lock(), threading.Lock(), False
    def first():
        global done
        with A:
            with B: pass
        done = True
    def second():
        if done:
            with B:
                with A: pass
    def main():
        threads = [threading.Thread(target=f, name=f.__name__) for f in (first, second)]
        for t in threads: t.start()
        for t in threads: t.join()
"""


def test_a_search_is_steered_to_a_rare_deadlock_and_finds_it_at_once(tmp_path: Path) -> None:
    found = searched(tmp_path, RARE, "portfolio", 50)
    assert (found.outcome, found.first_failure, found.potential_deadlocks) == (Outcome.DEADLOCK, 1, [])
    assert "ann wants B (bank.py:10), held by bob since bank.py:9" in found.message


def test_a_search_by_one_strategy_is_steered_when_that_found_nothing(tmp_path: Path) -> None:
    found = searched(tmp_path, RARE, "random", 2)
    assert (found.outcome, found.first_failure) == (Outcome.DEADLOCK, 3)


def test_a_bound_on_preemptions_holds_for_steered_schedules_too(tmp_path: Path) -> None:
    found = searched(tmp_path, RARE, "random", 2, preemptions=0)
    assert (found.outcome, [potential.tried for potential in found.potential_deadlocks]) == (
        Outcome.PASSED, ["a schedule was steered there, and it did, with more preemptions than were to be tried"],
    )  # fmt: skip


def test_a_circle_that_never_closes_is_a_warning_and_no_failure(tmp_path: Path) -> None:
    sentences = set()
    for seed in range(6):
        found = searched(tmp_path, CANNOT_MEET, "random", 10, seed=seed)
        assert (found.outcome, found.failures) == (Outcome.PASSED, 0)
        sentences |= {f"{potential.sentence}; {potential.tried}" for potential in found.potential_deadlocks}
    assert sentences == {
        "would deadlock if first holds A (bank.py:6) and wants B (bank.py:7) "
        "while second holds B (bank.py:11) and wants A (bank.py:12); a schedule was steered there, and it did not"
    }


def test_where_every_interleaving_was_tried_there_is_nothing_left_to_warn_of(tmp_path: Path) -> None:
    for seed in range(6):
        found = searched(tmp_path, CANNOT_MEET, "exhaustive", 1_000, seed=seed)
        assert (found.claim, found.potential_deadlocks) == ("exhausted", [])
