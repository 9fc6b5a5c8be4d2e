"""The races of one execution as swaps: orders of threads with two of its steps side by side, either way round.

Two steps that could have come in the other order, with nothing in between that depends on both, form a race
(causality.py). All that does not depend on the first of them is moved before it, so the two stand side by side,
and nothing else has changed.

Of several pairs that decide, one on data explains more than one on a lock, and a later one more than
an earlier one, unless the failure had been seen by then; but where threads ended up in each other's way for
good, it is the lock taken last that closed the circle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from harness.execution import Replayed
from harness.explain import carried_out, is_waiting
from harness.outcome import Outcome
from harness.strategies.causality import History
from harness.trace import TraceStep

_DATA = ("read", "write")

Order = tuple[int, ...]
"""Whose step comes when, from the second step on: the first is always the main thread's."""


class Swap(NamedTuple):
    """Two steps that could be swapped, by what is shown of them, and the order with and without the swap."""

    first: TraceStep
    second: TraceStep
    kept: Order
    swapped: Order


def swaps(found: Replayed) -> list[Swap]:
    """Those of an execution that failed, what explains most first."""
    seen = _seen(found)
    return sorted(_swaps(found), key=lambda swap: _rank(swap, found.execution.outcome, seen))


def _rank(swap: Swap, outcome: Outcome, seen: int) -> tuple[bool, bool, int, int]:
    on_data = swap.first.operation in _DATA and swap.second.operation in _DATA
    if outcome is Outcome.DEADLOCK:
        return False, on_data, -swap.first.step, -swap.second.step
    return swap.second.step > seen, not on_data, -swap.second.step, -swap.first.step


def _seen(failing: Replayed) -> int:
    """The last step of the thread that failed, by its name before the message; else the last of all."""
    steps = [step for step in failing.trace.steps if failing.execution.message.startswith(f"{step.thread}: ")]
    return max((step.step for step in steps or failing.trace.steps), default=0)


def _swaps(found: Replayed) -> Iterator[Swap]:
    """Every race of an execution, as the two orders of threads."""
    log = found.execution.log or []
    if found.fair_from is not None:
        log = log[: found.fair_from]
    shown, history = carried_out(found), History()
    for step in log:
        history.push(step)
    futures = history.futures()
    for later, races in enumerate(history.races):
        for race in races:
            if race.first in shown and later in shown:
                yield _swap(history, futures[race.first], race.first, later, shown[race.first], shown[later])
    if found.fair_from is None:
        yield from _swaps_with_waiting(found, history, futures, shown)


def _swaps_with_waiting(
    found: Replayed, history: History, futures: list[int], shown: dict[int, TraceStep]
) -> Iterator[Swap]:
    """Races with what threads wanted to do when the execution ended, and never did."""
    waiting = {step.thread: step for step in found.trace.steps if is_waiting(step)}
    for task, operation in sorted(found.execution.pending.items()):
        line = waiting.get(found.trace.threads[task])
        for race in history.pending_races(task, operation)[0]:
            if race.first in shown and line is not None:
                yield _swap(history, futures[race.first], race.first, -1 - task, shown[race.first], line)


def _swap(history: History, future: int, first: int, later: int, one: TraceStep, two: TraceStep) -> Swap:
    """`later` is the index of a step, or -1 - task for what a task wanted to do at the end."""
    tasks = [step.task for step in history.steps]
    end = later if later >= 0 else len(tasks)
    moved = [i for i in range(first + 1, end) if not future >> i & 1]
    rest = [i for i in range(first + 1, len(tasks)) if i != later and i not in moved]
    before = [*tasks[1:first], *(tasks[i] for i in moved)]
    pair = [tasks[first], tasks[later] if later >= 0 else -1 - later]
    after = [tasks[i] for i in rest]
    return Swap(one, two, (*before, *pair, *after), (*before, *reversed(pair), *after))
