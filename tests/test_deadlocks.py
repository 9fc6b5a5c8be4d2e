"""Deadlocks are decided exactly, told in words, and seen while other threads still run."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest

from harness.detectors.deadlock import Helper, Waiting, explain_deadlock
from harness.execution import Execution, Replayed, Runner
from harness.outcome import Outcome
from harness.world.program import load_program

# What a weakref callback of an executor meets while its execution is unwound is noise.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")

PROGRAMS = Path(__file__).parent / "programs" / "deadlock"


class Randomly:
    """Any enabled thread."""

    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def found(name: str, tail_from: int | None = None) -> tuple[Runner, Execution]:
    """The first execution that ends in a deadlock."""
    runner = Runner(load_program(PROGRAMS / f"{name}.py"))
    runs = (runner.run(Randomly(seed), tail_from=tail_from) for seed in range(60))
    return runner, next(execution for execution in runs if execution.outcome is Outcome.DEADLOCK)


def shown(name: str) -> Replayed:
    """The same, recorded."""
    runner, execution = found(name)
    replayed = runner.follow(execution)
    assert replayed.diverged is None
    return replayed


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "lock_taken_twice",
            "customer wants Account.lock (lock_taken_twice.py:12), held by itself since lock_taken_twice.py:16: "
            "only an RLock can be taken twice; MainThread waits for customer to end (lock_taken_twice.py:24)",
        ),
        (
            "condition_on_semaphore",
            "wait waits to be notified on changed (condition_on_semaphore.py:11), and nobody is left to notify it: "
            "tell has finished; MainThread waits for wait to end (condition_on_semaphore.py:24)",
        ),
        (
            "condition_lost",
            "wait waits to be notified on changed (condition_lost.py:11), and nobody is left to notify it: "
            "tell has finished; MainThread waits for wait to end (condition_lost.py:21)",
        ),
        (
            "producer_crashed",
            "consume waits for an item of jobs (producer_crashed.py:16), and nobody is left to put one in: "
            "produce crashed (TypeError); MainThread waits for consume to end (producer_crashed.py:22); before that "
            'produce: TypeError: can only concatenate str (not "int") to str (producer_crashed.py:12)',
        ),
        (
            "future_of_a_full_pool",
            "MainThread waits for the result of Future (future_of_a_full_pool.py:12), which is under way, and nobody "
            "is left to work on it: worker_0 waits itself; worker_0 waits for the result of Future.2 "
            "(future_of_a_full_pool.py:10), which nobody has begun, and nobody is left to work on it",
        ),
        (
            "shutdown_from_within",
            "worker_0 waits for closed to be set, and nobody is left to set it: MainThread waits itself; "
            "MainThread shuts its executor down and waits for worker_0 to end (shutdown_from_within.py:11)",
        ),
        (
            "permits_taken_in_parts",
            "upload and download wait for a permit of channels (permits_taken_in_parts.py:8), upload has taken 1, "
            "download has taken 1, and nobody is left to release one; "
            "MainThread has returned and waits for the other threads",
        ),
        (
            "queue_under_a_lock",
            "consume waits for an item of items (queue_under_a_lock.py:9), and nobody is left to put one in: "
            "produce waits itself; produce wants lock (queue_under_a_lock.py:13), held by consume since "
            "queue_under_a_lock.py:8; MainThread has returned and waits for the other threads",
        ),
        (
            "event_behind_a_join",
            "waiter waits for ready to be set (event_behind_a_join.py:11), and nobody is left to set it: "
            "user waits itself, announcer waits itself; user wants lock (event_behind_a_join.py:14), held by waiter "
            "since event_behind_a_join.py:10; announcer waits for user to end (event_behind_a_join.py:18); "
            "MainThread has returned and waits for the other threads",
        ),
        (
            "joins_in_a_circle",
            "one waits for two to end (joins_in_a_circle.py:11); two waits for one to end (joins_in_a_circle.py:11)",
        ),
        (
            "crossed_rlocks_beside_a_heartbeat",
            "one wants b (crossed_rlocks_beside_a_heartbeat.py:14), held by two since "
            "crossed_rlocks_beside_a_heartbeat.py:13; two wants a (crossed_rlocks_beside_a_heartbeat.py:14), "
            "held by one since crossed_rlocks_beside_a_heartbeat.py:13",
        ),
    ],
)  # fmt: skip
def test_who_waits_for_what_and_who_could_have_ended_it(name: str, says: str) -> None:
    assert shown(name).execution.message.startswith(says)


def test_each_primitive_has_its_own_words() -> None:
    message = shown("waits_everywhere").execution.message
    assert message.split("; ") == [
        "permit waits for a permit of permits, and nobody is left to release one: thief has finished",
        "event waits for event to be set, and nobody is left to set it: thief has finished",
        "barrier waits at barrier barrier, 1 of 2 are there, and nobody is left to come to it: thief has finished",
        "change waits to be notified on changed (waits_everywhere.py:16), and nobody is left to notify it: "
        "thief has finished",
        "item waits for an item of empty, and nobody is left to put one in: thief has finished",
        "room waits for room in full (waits_everywhere.py:27), and nobody is left to take something out: "
        "MainThread waits itself",
        "all done waits until all in unfinished is done, 1 to go, and nobody is left to call task_done: "
        "MainThread waits itself",
        "locked out wants lock (waits_everywhere.py:34), held by thief since waits_everywhere.py:19, "
        "which has finished without giving it back",
        "MainThread waits for permit to end (waits_everywhere.py:38)",
    ]


def test_a_circle_of_rlocks_is_reported_when_it_closes_though_others_would_go_on_for_long() -> None:
    _, execution = found("crossed_rlocks_while_others_work")
    assert execution.steps < 200
    assert execution.message.startswith("one wants a lock, held by two; two wants a lock, held by one")


def test_a_circle_of_locks_is_certain_once_the_others_only_repeat_themselves() -> None:
    _, beside_a_daemon = found("crossed_locks_beside_a_heartbeat", tail_from=30)
    assert beside_a_daemon.message == (
        "one wants a lock, held by two; two wants a lock, held by one; MainThread waits for one to end; "
        "meanwhile heartbeat goes round in a loop that frees nobody"
    )
    _, watched = found("crossed_locks_watched", tail_from=30)
    assert watched.message == (
        "one wants a lock, held by two; two wants a lock, held by one; "
        "meanwhile MainThread goes round in a loop that frees nobody"
    )


SLEEPER = """
import threading, time
def main():
    lock = threading.Lock()
    lock.acquire()
    def free():
        time.sleep(1000)
        lock.release()
    threading.Thread(name="free", target=free, daemon=True).start()
    lock.acquire()
"""

WAITING_DAEMON = """
import threading
def main():
    lock = threading.Lock()
    lock.acquire()
    threading.Thread(name="waiter", target=lock.acquire, daemon=True).start()
    return "done"
"""

CROSSED_DAEMONS = """
import threading
def main():
    a, b, both = threading.RLock(), threading.RLock(), threading.Barrier(2)
    def work(first, second):
        with first:
            both.wait()
            with second:
                pass
    threading.Thread(name="one", target=work, args=(a, b), daemon=True).start()
    threading.Thread(name="two", target=work, args=(b, a), daemon=True).start()
    return "done"
"""


@pytest.mark.parametrize("source", [SLEEPER, WAITING_DAEMON, CROSSED_DAEMONS])
def test_sleepers_prevent_a_deadlock_and_daemons_are_no_part_of_one(source: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(source)
    runner = Runner(load_program(path))
    assert {runner.run(Randomly(seed)).outcome for seed in range(20)} == {Outcome.PASSED}


JOINED_DAEMONS = CROSSED_DAEMONS.replace('return "done"', "threading.enumerate()[-1].join()")


def test_who_waits_for_the_end_of_crossed_daemons_waits_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(JOINED_DAEMONS)
    execution = Runner(load_program(path)).run(Randomly(0))
    assert (execution.outcome, execution.message) == (Outcome.DEADLOCK, "MainThread waits for two to end")


# The words themselves, on facts made by hand.


def waiting(thread: str, holder: str | None = None, **facts: Any) -> Waiting:
    return Waiting(
        thread=thread, daemon=False, operation="acquire", object=f"{thread}'s", blocked=True, timed=False,
        holder=holder, where="", granted="",
    )._replace(**{"primitive": "Lock", **facts})  # fmt: skip


def test_the_circle_comes_first_and_who_only_follows_comes_last() -> None:
    threads = [
        waiting("main", "a", operation="join", object="a"),
        waiting("outsider", "a"),
        waiting("a", "b"),
        waiting("b", "a"),
    ]
    assert explain_deadlock(threads) == (
        "a wants a's, held by b; b wants b's, held by a; outsider wants outsider's, held by a; main waits for a to end"
    )


def test_sleepers_and_daemons_are_left_out() -> None:
    threads = [
        waiting("a", "a"),
        waiting("sleeper", timed=True),
        waiting("d", "a", daemon=True),
        waiting("z", blocked=False),
    ]
    assert explain_deadlock(threads) == "a wants a's, held by itself: only an RLock can be taken twice"


def test_those_who_did_it_before_are_named_before_those_who_only_used_it() -> None:
    facts = {"primitive": "Event", "operation": "wait", "object": "ready"}
    helpers = (Helper("user", False, True, "waits itself"), Helper("setter", True, True, "crashed (KeyError)"))
    assert explain_deadlock([waiting("a", **facts, helpers=helpers)]) == (
        "a waits for ready to be set, and nobody is left to set it: setter crashed (KeyError)"
    )
    assert explain_deadlock([waiting("a", **facts, helpers=helpers[:1])]) == (
        "a waits for ready to be set, and nobody is left to set it: user waits itself"
    )


def test_threads_that_wait_at_one_place_share_a_sentence() -> None:
    facts = {"primitive": "Condition", "operation": "wait", "object": "news", "where": "p.py:3"}
    assert explain_deadlock([waiting("a", **facts), waiting("b", **facts)]) == (
        "a and b wait to be notified on news (p.py:3), and nobody is left to notify it"
    )
