"""Programs as a good engineer writes them: correct, so that whatever is said against one of them is a false alarm.

Each has an assertion on what it promises. Where the promise is kept only by a machine that is never late, the program
is in TIMED, and timeouts do not fire early there.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.budget import Budget
from harness.explore import Options, explore
from harness.outcome import Outcome
from harness.stress import stress
from harness.world.program import load_program

pytestmark = pytest.mark.together

PROGRAMS = Path(__file__).parent / "programs" / "everyday"
EVERY = sorted(path.stem for path in PROGRAMS.glob("*.py"))

FEW = [
    "actor_mailbox", "barrier_broken_handled", "batch_processor", "cache_per_key_lock", "circuit_breaker",
    "connection_pool", "cyclic_barrier_rounds", "daemons_left_running", "debounce", "delay_queue",
    "dining_savages", "double_checked", "event_loop_call_soon", "exceptions_in_threads", "future_chain",
    "graceful_shutdown", "hand_over_hand_list", "leader_election", "lock_free_stack",
    "nested_submit_done_right", "philosophers_backoff", "philosophers_chandy_misra", "pool_cancel", "pub_sub",
    "rcu", "rwlock_no_starve", "sleeping_barber", "sqlite_one_lock", "ticket_lock_condition",
    "timeouts_expire_by_design", "token_bucket", "work_stealing",
]  # fmt: skip
"""Of these each interleaving is tried in moments."""

ENDLESS = {
    "bakery", "filter_lock", "michael_scott_queue", "seqlock_snapshot", "spin_with_yield",
}  # fmt: skip
"""These look again and again, as often as the schedule makes them, so that there is no end of interleavings."""

UNSEEN = {
    "contextvars_copied": "what C code does between calls of the program's methods",
    "locked_generator": "that a generator is asked for more",
    "weak_observers": "who holds the last reference",
}
"""Of these something is not searched, and that is said."""

MANY = {
    "bounded_buffer_two_conditions", "bounded_executor", "cigarette_smokers", "pool_as_completed", "pool_callbacks",
    "pool_map", "pool_wait_first",
}  # fmt: skip
"""More than 2,000."""

TIMED = {"debounce", "pool_map_timeout", "timeouts_and_retries_queue"}

SLOW = {"a_day_of_virtual_time", "deadline_budget", "elevator"}
"""With free threads a run of these takes a second and more."""


@pytest.mark.parametrize("name", FEW)
def test_every_interleaving_of_a_correct_program_is_tried_and_passes(name: str) -> None:
    options = Options(strategy="exhaustive", budget=Budget(executions=400), timeout=60.0, jobs=1)
    found = explore(load_program(PROGRAMS / f"{name}.py"), options)
    assert (found.outcome, found.failures, found.message, found.exhausted) == (Outcome.PASSED, 0, "", True)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("strategy", ["portfolio", "exhaustive"])
@pytest.mark.parametrize("name", EVERY)
def test_no_search_of_a_correct_program_has_anything_against_it(name: str, strategy: str) -> None:
    most = 100 if name in ENDLESS else 2000
    options = Options(strategy=strategy, budget=Budget(executions=most), timeout=300.0, jobs=1)
    found = explore(load_program(PROGRAMS / f"{name}.py"), options)
    assert (found.outcome, found.failures) == (Outcome.PASSED, 0)
    assert UNSEEN.get(name, "") in found.message and bool(found.message) == (name in UNSEEN)
    if strategy == "exhaustive":
        assert found.exhausted == (name not in ENDLESS | MANY | set(UNSEEN))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in EVERY if name not in TIMED])
def test_what_promises_nothing_of_the_time_is_right_where_timeouts_fire_early(name: str) -> None:
    most = 100 if name in ENDLESS else 500
    options = Options(budget=Budget(executions=most), timeout=300.0, jobs=1, early_timeouts=True)
    found = explore(load_program(PROGRAMS / f"{name}.py"), options)
    assert (found.outcome, found.failures) == (Outcome.PASSED, 0)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", [name for name in EVERY if name not in SLOW])
def test_with_free_threads_a_correct_program_passes(name: str) -> None:
    found = stress(load_program(PROGRAMS / f"{name}.py"), budget=Budget(executions=20), timeout=60.0)
    assert (found.runs, found.failed, found.unfinished) == (20, 0, 0)
