"""The critical pair: the two steps whose order decides between failure and success.

Found as a failing and a passing schedule that are one adjacent swap apart. Two steps of a failing
execution that could have come in the other order, with nothing in between that depends on both, form a
race (causality.py). All that does not depend on the first of them is moved before it; so the two stand side
by side, and nothing else has changed. Then they are swapped. Where the failure is gone, that is the pair.
Where it is not, the swapped schedule is a failing one too, and its races are tried next, nearest
first: a bug may take two swaps to go away, of which the last one decides.

Of several pairs that decide, one on data explains more than one on a lock, and a later one more than
an earlier one, unless the failure had been seen by then; but where threads ended up in each other's way for
good, it is the lock taken last that closed the circle.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from harness.execution import Replayed, Runner
from harness.explain import Place, carried_out, is_waiting
from harness.outcome import Outcome
from harness.strategies.causality import History
from harness.strategies.replay import Roughly
from harness.trace import TraceStep

EFFORT = 10_000
"""Steps of all executions tried, at most."""

ATTEMPTS = 120
"""Executions tried, at most: most pairs are found by the first three."""

LONGEST = 5_000
"""Steps of an execution beyond which no pair is looked for."""

_DATA = ("read", "write")


@dataclass(frozen=True)
class CriticalPair:
    """`first` came before `second` in `failing`; in `passing`, which is otherwise the same schedule, after it."""

    first: Place
    second: Place
    sentence: str
    failing: str
    passing: str


class _Swap(NamedTuple):
    """Two steps that could be swapped, by what is shown of them, and the order of threads with and without the swap."""

    first: TraceStep
    second: TraceStep
    kept: tuple[int, ...]
    swapped: tuple[int, ...]
    at: int


def critical_pair(failing: Replayed, runner: Runner) -> CriticalPair | None:
    """The pair that decides about the failure, or None where none was found within the effort."""
    outcome, seen = failing.execution.outcome, _seen(failing)
    left = EFFORT
    todo: deque[Replayed] = deque([failing])
    met: set[tuple[int, ...]] = set()
    while todo:
        found = todo.popleft()
        for swap in sorted(_swaps(found), key=lambda swap: _rank(swap, outcome, seen)):
            if left <= 0 or len(met) >= ATTEMPTS:
                return None
            if swap.swapped in met:
                continue
            met.add(swap.swapped)
            bound = 2 * found.execution.steps + 100
            other = runner.record(Roughly(swap.swapped, found.witness.fair), bound, states=False)
            left -= other.execution.steps
            if other.execution.outcome is outcome:
                todo.append(other)
            elif other.execution.outcome is Outcome.PASSED and _came_first(swap, other):
                same = runner.record(Roughly(swap.kept, found.witness.fair), bound, states=False)
                left -= same.execution.steps
                if same.execution.outcome is outcome:
                    return _pair(swap, same, other)
    return None


def _rank(swap: _Swap, outcome: Outcome, seen: int) -> tuple[bool, bool, int, int]:
    on_data = swap.first.operation in _DATA and swap.second.operation in _DATA
    if outcome is Outcome.DEADLOCK:
        return False, on_data, -swap.first.step, -swap.second.step
    return swap.second.step > seen, not on_data, -swap.second.step, -swap.first.step


def _seen(failing: Replayed) -> int:
    """The last step of the thread that failed, by its name before the message; else the last of all."""
    steps = [step for step in failing.trace.steps if failing.execution.message.startswith(f"{step.thread}: ")]
    return max((step.step for step in steps or failing.trace.steps), default=0)


def _swaps(found: Replayed) -> Iterator[_Swap]:
    """Every race of an execution, as the two orders of threads."""
    log = found.execution.log or []
    if found.fair_from is not None:
        log = log[: found.fair_from]
    if len(log) > LONGEST:
        return
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
) -> Iterator[_Swap]:
    """Races with what threads wanted to do when the execution ended, and never did."""
    waiting = {step.thread: step for step in found.trace.steps if is_waiting(step)}
    for task, operation in sorted(found.execution.pending.items()):
        line = waiting.get(found.trace.threads[task])
        for race in history.pending_races(task, operation)[0]:
            if race.first in shown and line is not None:
                yield _swap(history, futures[race.first], race.first, -1 - task, shown[race.first], line)


def _swap(history: History, future: int, first: int, later: int, one: TraceStep, two: TraceStep) -> _Swap:
    """`later` is the index of a step, or -1 - task for what a task wanted to do at the end."""
    tasks = [step.task for step in history.steps]
    end = later if later >= 0 else len(tasks)
    moved = [i for i in range(first + 1, end) if not future >> i & 1]
    rest = [i for i in range(first + 1, len(tasks)) if i != later and i not in moved]
    before = [*tasks[1:first], *(tasks[i] for i in moved)]
    pair = [tasks[first], tasks[later] if later >= 0 else -1 - later]
    after = [tasks[i] for i in rest]
    return _Swap(one, two, (*before, *pair, *after), (*before, *reversed(pair), *after), len(before) + 1)


def _came_first(swap: _Swap, other: Replayed) -> bool:
    """Whether the second step was carried out where the first had been."""
    step = carried_out(other).get(swap.at)
    return step is not None and (step.thread, step.operation, step.object) == (
        swap.second.thread, swap.second.operation, swap.second.object,
    )  # fmt: skip


def _pair(swap: _Swap, failing: Replayed, passing: Replayed) -> CriticalPair:
    first, second = Place.of(swap.first), Place.of(swap.second)
    sentence = f"{first.words()} before {second.words(first.object)}"
    return CriticalPair(first, second, sentence, str(failing.witness), str(passing.witness))
