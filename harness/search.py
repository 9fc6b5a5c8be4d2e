"""A search, inside its worker process: execution after execution under one strategy, until something is known.

Order of events: the program is executed twice along one schedule (is it deterministic? this also
teaches the world which places conflict), twice more for a profile, then under the strategy. The first
failure is led along its schedule again with everything recorded, written as a witness, and the
witness is tried before it is handed out.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from harness.budget import Budget
from harness.critical import CriticalPair, critical_pair
from harness.discriminate import tell_apart
from harness.execution import Execution, Replayed, Runner
from harness.explain import DataRace, PotentialDeadlock, data_races, merged, potential_deadlocks
from harness.minimize import minimize
from harness.outcome import Outcome
from harness.schedule import Witness
from harness.strategies import Profile, SearchError, Strategy, make
from harness.trace import Trace
from harness.world.program import Program

CHECKED_STEPS = 4_000
"""Steps of the determinism check: long enough to meet clocks, names and set orders, short for endless programs."""

FEW_STEPS = 500
"""Steps of an execution that is short."""

LASSO_PREFIXES = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987)
"""Where a witness of a livelock or starvation is tried to go over to taking turns, in steps."""


@dataclass(frozen=True)
class Order:
    """What a worker is to search, and how."""

    program: Program
    strategy: str
    seed: int
    budget: Budget
    preemptions: int | None
    max_steps: int | None
    keep_going: bool
    early_timeouts: bool
    instrumented: tuple[str, ...]


@dataclass
class Found:
    """What a search came to, so far."""

    executions: int = 0
    failures: int = 0
    first_failure: int | None = None
    first: Execution | None = None
    results: Counter[str] = field(default_factory=Counter)
    failed_with: dict[Outcome, tuple[int, str]] = field(default_factory=dict)
    outcome: Outcome = Outcome.PASSED
    message: str = ""
    exhausted: bool = False
    bound: int | None = None
    inconclusive: int = 0
    odd: str = ""
    unseeded: bool = False
    unseen: str = ""
    steps: int = 0
    max_bypass: int = 0
    seconds: float = 0.0
    witness: str | None = None
    minimal: str | None = None
    preemptions: int | None = None
    fewest: bool = False
    races: list[DataRace] = field(default_factory=list)
    critical_pair: CriticalPair | None = None
    potential_deadlocks: list[PotentialDeadlock] = field(default_factory=list)
    trace: Trace | None = None


class _Random:
    """The schedule of the determinism check."""

    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


class _InOrder:
    """Each thread runs for as long as it can."""

    every_step = False

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return running if running in enabled else enabled[0]


class Search:
    """One search of one program. `tell` is called now and then with what is known so far."""

    def __init__(self, order: Order, runner: Runner, tell: Callable[[Found], None]) -> None:
        self._order = order
        self._runner = runner
        self._tell = tell
        self._found = Found()
        self._ordinary: Replayed | None = None

    def run(self) -> Found:
        """Search until a failure, the end of the space, or the end of the budget. Raises TargetError."""
        started = time.monotonic()
        odd = self._nondeterminism()
        if odd:
            self._found.outcome, self._found.message = Outcome.INCONCLUSIVE, odd
            return self._found
        profile = self._profile()
        suspected = potential_deadlocks(self._ordinary) if self._ordinary is not None else []
        first = self._order.strategy == "portfolio" and not self._order.keep_going
        if first:
            suspected = self._steer(suspected)
        if not self._found.failures:
            self._loop(profile, started)
        if not (first or self._found.failures or self._found.exhausted):
            suspected = self._steer(suspected)
        found = self._found
        found.potential_deadlocks = [] if found.failures or found.exhausted else suspected
        if found.odd:
            found.outcome, found.message, found.first = Outcome.INCONCLUSIVE, found.odd, None
        elif found.first is not None:
            self._explain(found, found.first)
        elif found.inconclusive:
            found.outcome = Outcome.INCONCLUSIVE
        found.races = merged(found.races, *map(data_races, self._several()))
        found.seconds = time.monotonic() - started
        return found

    def _several(self) -> Iterator[Replayed]:
        """Executions in which to look for races: not every schedule shows each, and a few short ones cost little."""
        if self._ordinary is not None:
            yield self._ordinary
            if self._ordinary.execution.steps <= FEW_STEPS:
                yield from (self._runner.record(_Random(self._order.seed + n), CHECKED_STEPS) for n in (1, 2, 3))

    def _steer(self, suspected: list[PotentialDeadlock]) -> list[PotentialDeadlock]:
        """Lead one execution towards each deadlock that seems possible; only one that happens counts."""
        tried = []
        for potential in suspected:
            led = self._runner.lead(potential.suspects, CHECKED_STEPS)
            happened, bound = led.execution.outcome is Outcome.DEADLOCK, self._order.preemptions
            beyond = happened and bound is not None and led.preemptions > bound
            if happened and not beyond:
                self._count(led.execution)
                break
            words = "it did, with more preemptions than were to be tried" if beyond else "it did not"
            tried.append(replace(potential, tried=f"a schedule was steered there, and {words}"))
        return tried

    def _loop(self, profile: Profile, started: float) -> None:
        order, found = self._order, self._found
        strategy = self._strategy(profile)
        told, index = started, 0
        while not order.budget.spent(time.monotonic() - started, found.executions):
            if not strategy.begin(index):
                break
            index += 1
            systematic = strategy.wants_steps
            execution = self._runner.run(
                strategy, log_steps=systematic, named=getattr(strategy, "wants_locations", False)
            )
            if execution.refined and self._refine() and systematic:
                strategy = self._strategy(profile)
                found, index = Found(), 0
                self._found = found
                continue
            try:
                # Turns in the tail are nobody's choice, so there is nothing to be asked for in their stead.
                chosen = execution.log[: self._runner.max_steps // 2] if execution.log else execution.log
                strategy.end(chosen, execution.pending, cut=execution.cut)
            except SearchError as error:
                found.odd = str(error)
                break
            if strategy.redundant:
                continue
            self._count(execution)
            if found.failures and not order.keep_going:
                break
            if time.monotonic() - told > 0.2:
                told = time.monotonic()
                found.seconds = told - started
                self._tell(found)
        found.exhausted = strategy.exhausted and not found.inconclusive
        if found.exhausted and found.unseeded:
            found.exhausted = False
            found.message = "every interleaving was tried, for one sequence of random numbers only"
        if found.unseen and strategy.exhausted and not found.inconclusive:
            found.exhausted = False
            found.message = f"every interleaving of the steps was tried, but {found.unseen}"
        found.bound = order.preemptions

    def _strategy(self, profile: Profile) -> Strategy:
        order, options = self._order, dict[str, Any]()
        if order.strategy in ("exhaustive", "portfolio"):
            options["early_timeouts"] = order.early_timeouts
        if order.strategy == "portfolio":
            options["executions"] = order.budget.executions
        return make(order.strategy, order.seed, profile, preemptions=order.preemptions, **options)

    def _refine(self) -> bool:
        """What an execution taught is in force from the next one on."""
        scheduler = self._runner.world.scheduler
        if scheduler.probed:
            scheduler.release_points = True
        return True

    def _count(self, execution: Execution) -> None:
        found = self._found
        found.executions += 1
        found.max_bypass = max(found.max_bypass, execution.max_bypass)
        found.unseeded = found.unseeded or execution.unseeded
        found.unseen = found.unseen or execution.unseen
        if execution.result is not None:
            found.results[execution.result] += 1
        if execution.outcome is Outcome.INCONCLUSIVE:
            found.inconclusive += 1
            found.message = found.message or execution.message
        if found.first is None:
            found.steps = max(found.steps, execution.steps)
        if execution.outcome.failed:
            found.failures += 1
            times, message = found.failed_with.get(execution.outcome, (0, execution.message))
            found.failed_with[execution.outcome] = times + 1, message
            if found.first is None:
                found.first, found.first_failure, found.steps = execution, found.executions, execution.steps

    def _explain(self, found: Found, execution: Execution) -> None:
        found.outcome, found.message = execution.outcome, execution.message
        shown = self._shown(execution)
        if shown is None:
            found.message += " (seen once; it did not come again along the same schedule)"
            return
        found.witness = str(shown.witness)
        least, found.fewest = minimize(shown, self._runner)
        found.minimal, found.trace = str(least.witness), least.trace
        found.message = least.execution.message + tell_apart(least, self._runner)
        found.preemptions = least.preemptions
        found.races = data_races(least)
        found.critical_pair = critical_pair(least, self._runner)

    def _shown(self, execution: Execution) -> Replayed | None:
        """The failing execution again, recorded, with a witness that was tried."""
        candidates: list[Callable[[], Replayed]] = [lambda: self._runner.follow(execution)]
        if execution.loop:
            candidates = [
                lambda cut=cut: self._runner.follow(execution, fair_from=cut + 1)
                for cut in LASSO_PREFIXES
                if cut < len(execution.schedule)
            ] + candidates
        for candidate in candidates:
            shown = candidate()
            if shown.execution.outcome is execution.outcome and self._replay(shown.witness) is not None:
                return shown
        return None

    def _replay(self, witness: Witness) -> Replayed | None:
        """The witness carried out, or None where it does not lead to its outcome."""
        replayed = self._runner.replay(witness)
        return None if replayed.diverged else replayed

    def _profile(self) -> Profile:
        """The longer of two executions: one in which a thread had nothing to do says little of what it may do."""
        in_order = self._runner.run(_InOrder(), log_steps=True, max_steps=CHECKED_STEPS)
        self._refine()
        execution = self._runner.run(_Random(self._order.seed), log_steps=True)
        self._refine()
        if not in_order.cut and in_order.steps > execution.steps:
            execution = in_order
        log = execution.log or []
        per_task = Counter(step.task for step in log)
        return Profile(
            steps=len(log),
            threads=len(execution.threads),
            per_task=tuple(per_task[index] for index in range(len(execution.threads))),
            kinds=tuple((step.task, step.operation) for step in log),
        )

    def _nondeterminism(self) -> str:
        """Empty, or what was different when one schedule was executed twice."""
        first = self._ordinary = self._runner.record(_Random(self._order.seed), CHECKED_STEPS)
        self._refine()
        second = self._runner.follow(first.execution, max_steps=CHECKED_STEPS)
        for one, two in zip(first.trace.steps, second.trace.steps, strict=False):
            if (one.thread, one.operation, one.object, one.line) != (two.thread, two.operation, two.object, two.line):
                return (
                    f"nondeterministic program: step {one.step} expected {one.thread} to {one.operation} {one.object} "
                    f"(line {one.line}), saw {two.thread} {two.operation} {two.object} (line {two.line})"
                )
            if one.value != two.value:
                return (
                    f"nondeterministic program: step {one.step}, {one.thread}'s {one.operation} of {one.object} "
                    f"(line {one.line}), found {one.value} the first time and {two.value} the second"
                )
        if second.diverged:
            return f"nondeterministic program: {second.diverged}"
        return ""
