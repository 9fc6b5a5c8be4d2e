"""Real programs searched in this process, and walked through choice by choice: what a search is measured against.

The walk is at the finest granularity (every access a scheduling point, every release too, and whoever has
to wait for a permit, an item or an event goes into CPython's code and waits there), with no reduction of any
kind. The search uses everything it has: sites learned, releases merged, waits before an operation, optimal
partial-order reduction. `classes` counts what it has to lead through, at its own granularity.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from harness.budget import Budget
from harness.execution import Runner
from harness.laboratory import Here, Order
from harness.search import Search
from harness.strategies.causality import clash, effective
from harness.strategies.exhaustive import Exhaustive
from harness.trace import Step
from harness.world.points import BETWEEN
from harness.world.program import Program, digest

End = tuple[str, str | None]
"""An outcome and what `main` returned, as text."""


class Searched(NamedTuple):
    """What an exhaustive search came to. `redundant`: executions in vain, none where the search is optimal.

    `whole`: it claims that every interleaving was tried, and not only every one of the library's operations.
    """

    executions: int
    redundant: int
    ends: set[End]
    whole: bool = True


def program(source: str) -> Program:
    settings = {"bypass_bound": 0} if source.startswith("# bypasses are judged") else {}
    return Program(Path("/nowhere/generated.py"), "generated", source, digest(source), settings=settings)


class EveryChoice:
    """Walks the tree of all choices, depth first. `main_first`: where main can go on, it does."""

    every_step = False

    def __init__(self, main_first: bool = False) -> None:
        self._main_first = main_first
        self._path: list[list[int]] = []
        self._depth = 0

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        if self._main_first and enabled[0].index == 0:
            return enabled[0]
        if self._depth == len(self._path):
            self._path.append([0, len(enabled)])
        chosen, options = self._path[self._depth]
        assert options == len(enabled)
        self._depth += 1
        return enabled[chosen]

    def next(self) -> bool:
        self._depth = 0
        while self._path and self._path[-1][0] + 1 == self._path[-1][1]:
            self._path.pop()
        if self._path:
            self._path[-1][0] += 1
        return bool(self._path)


def brute_force(source: str, limit: int, *, main_first: bool = False, early_timeouts: bool = False) -> set[End] | None:
    """How the executions of a program end, all of them; None where there are more than `limit`."""
    runner = Runner(program(source), early_timeouts=early_timeouts)
    scheduler = runner.world.scheduler
    runner.world.points.full = scheduler.release_points = scheduler.arrival_points = True
    walk, seen = EveryChoice(main_first), set()
    for _ in range(limit):
        execution = runner.run(walk)
        seen.add((execution.outcome.value, execution.result))
        if not walk.next():
            return seen
    return None


def classes(source: str, limit: int, *, early_timeouts: bool = False) -> int | None:
    """How many classes of equivalent executions a program has; None where it has more than `limit` executions.

    Two are equivalent where each thread makes as many steps, at the same times, and all dependent ones in one order.
    """
    runner = Runner(program(source), early_timeouts=early_timeouts)
    walk, seen = EveryChoice(), set()
    for _ in range(limit):
        execution = runner.run(walk, log_steps=True)
        if execution.refined:
            runner.refine()
            walk, seen = EveryChoice(), set()
            continue
        seen.add(_order(execution.log or [], early_timeouts))
        if not walk.next():
            return len(seen)
    return None


def _order(steps: Sequence[Step], early_timeouts: bool) -> frozenset[Any]:
    """What equivalent executions have in common: the time of each thread's steps, and which depends on which.

    With early timeouts time is only what steps make of it, and part of what depends on what.
    """
    made: Counter[int] = Counter()
    names = []
    for step in steps:
        made[step.task] += 1
        names.append((step.task, made[step.task], 0 if early_timeouts else step.time))
    touched = [effective(step) for step in steps]
    pairs = ((i, j) for j in range(len(steps)) for i in range(j) if clash(touched[i], touched[j]))
    return frozenset(names) | {(names[i], names[j]) for i, j in pairs}


def searched(
    source: str, *, early_timeouts: bool = False, preemptions: int | None = None, opened: bool = False
) -> Searched:
    """An exhaustive search of a program to its end; `opened`: with the standard library's primitives taken apart."""
    ends: set[End] = set()
    inside = ("threading",) if opened else ()
    order = Order(
        program(source), "exhaustive", 0, Budget(executions=50_000), preemptions, None, True, early_timeouts, inside
    )
    runner = Runner(order.program, early_timeouts=early_timeouts, instrumented=inside)
    run, redundant = runner.run, [False]
    strategies: list[Any] = []

    def watched(strategy: Any, **options: Any) -> Any:
        if strategy not in strategies and isinstance(strategy, Exhaustive):
            strategies.append(strategy)  # a search that has learned something starts again with a new one
            end, redundant[:] = strategy.end, []

            def ending(*args: Any, **options: Any) -> None:
                end(*args, **options)
                redundant.append(strategy.redundant)

            strategy.end = ending
        execution = run(strategy, **options)
        ends.add((execution.outcome.value, execution.result))
        return execution

    runner.run = watched  # type: ignore[method-assign]
    found = Search(order, Here(order, runner)).run()
    assert found.exhausted or BETWEEN in found.message, found.message
    return Searched(found.executions, sum(redundant), ends, found.exhausted)
