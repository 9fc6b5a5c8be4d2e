"""A smaller witness for the same failure: the fewest preemptions, then the fewest steps, then the fewest threads.

A preemption is what a reader has to imagine happening at the worst moment, so it costs most. The
passes are named by what they do to the schedule, and go from cheap and coarse to dear and thorough:

    run_on     leaves out turns, many at a time and then one by one: who is not told to make way runs on.
               Most of what a random search did is noise of this kind, and each success shortens all that follows
    bring_together  brings two pieces of a thread's work together, so that one switch less is needed
    count_up   tries all schedules without a preemption, then all with one, two …, and so proves a number
               minimal where the program is small enough; last, because what is left bounds its search

Deterministic: the same failure and program give the same witness, unless the program is slow (patience.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby, pairwise
from typing import NamedTuple

from harness.execution import Execution, Replayed, Runner
from harness.schedule import Turn
from harness.strategies import Profile, SearchError, Strategy, make
from harness.strategies.replay import Roughly
from harness.trace import Step

ATTEMPTS = 50_000
"""Steps for leaving out turns, and for bringing pieces together: a thousand small executions or some larger ones."""

HALVINGS = 30
"""Executions for leaving out turns, at least: enough to find one that matters among a thousand."""

SEARCH = 30_000
"""Steps for counting up: the space of a small program, and a fraction of a second."""

SLACK = 500
"""Steps an attempt may take beyond the failure's own before it counts as another way of going on for ever."""


class Minimal(NamedTuple):
    """The smallest failure found. `proved`: every schedule with fewer preemptions was tried, none fails like this."""

    replayed: Replayed
    proved: bool


def minimize(shown: Replayed, runner: Runner) -> Minimal:
    """The smallest failure with the outcome of `shown` that the passes lead to, recorded in full."""
    shrinking = _Shrinking(shown, runner)
    shrinking.run_on()
    shrinking.bring_together()
    proved = shrinking.count_up()
    return Minimal(runner.replay(shrinking.best.witness), proved)


def size(replayed: Replayed) -> tuple[int, int, int, int]:
    """What is compared; the first number that differs decides."""
    threads = len({step.thread for step in replayed.trace.steps})
    return replayed.preemptions, replayed.execution.steps, threads, len(replayed.witness.turns)


def preemptions(steps: Sequence[Step]) -> int:
    """How often a thread was left that was still enabled."""
    return sum(after.task != step.task and step.task in after.enabled for step, after in pairwise(steps))


def turns(steps: Sequence[Step]) -> int:
    """How often it went on otherwise than by running on, or by the earliest thread where that was not possible."""
    return sum(
        after.task != (step.task if step.task in after.enabled else min(after.enabled))
        for step, after in pairwise(steps)
    )


class _Shrinking:
    """The smallest failure so far, and the passes that look for a smaller one."""

    def __init__(self, shown: Replayed, runner: Runner) -> None:
        self.best = shown
        self._runner = runner
        self._outcome = shown.execution.outcome
        self._left = 0

    def run_on(self) -> None:
        """Leave out turns: chunks of half of them, then smaller ones, until no single turn can go."""
        self._left = max(ATTEMPTS, HALVINGS * self.best.execution.steps)
        length = max(1, len(self.best.witness.turns) // 2)
        while self.best.witness.turns and self._may_try():
            if any(self._may_try() and self._without(start, length) for start in self._starts(length)):
                continue
            if length == 1:
                return
            length //= 2

    def bring_together(self) -> None:
        """Move a piece of a thread's work back to its last one, or that one forward, across what others did."""
        self._left = ATTEMPTS
        while self._may_try() and self.best.preemptions > 1 and not self.best.witness.fair:
            if not any(self._try(Roughly(order)) for order in _gathered(self.best.execution.schedule)):
                return

    def count_up(self) -> bool:
        """Search by number of preemptions, up to the best known; True where every smaller number is ruled out."""
        if self.best.witness.fair:
            return False
        search = _CountUp(self._runner, self.best)
        for execution in search.failures():
            self._accept(self._runner.follow(execution, states=False), at_most=True)
        return search.complete

    def _starts(self, length: int) -> Iterator[int]:
        """From the last turn to the first: the late ones depend on the early ones."""
        return iter(range(len(self.best.witness.turns) - 1, -1, -length))

    def _without(self, start: int, length: int) -> bool:
        witness = self.best.witness
        kept: tuple[Turn, ...] = witness.turns[: max(0, start - length + 1)] + witness.turns[start + 1 :]
        return self._accept(self._runner.approach(witness._replace(turns=kept), self._bound()))

    def _try(self, policy: Roughly) -> bool:
        arrivals = self.best.witness.arrivals
        return self._may_try() and self._accept(self._runner.record(policy, self._bound(), False, arrivals))

    def _may_try(self) -> bool:
        return self._left > 0 and not self._runner.hurries

    def _bound(self) -> int:
        return 2 * self.best.execution.steps + SLACK

    def _accept(self, found: Replayed, at_most: bool = False) -> bool:
        """Take over `found` if it is the same failure, smaller (`at_most`: no larger), and its witness leads to it."""
        self._left -= found.execution.steps
        if found.diverged or found.execution.outcome is not self._outcome or not self._fits(found, at_most):
            return False
        again = self._runner.replay(found.witness, states=False)
        if again.diverged or not self._fits(again, at_most):
            return False
        self.best = again
        return True

    def _fits(self, found: Replayed, at_most: bool) -> bool:
        return size(found) < size(self.best) or (at_most and size(found) == size(self.best))


class _CountUp:
    """The search of the last pass. `complete` once everything below the fewest preemptions found was tried."""

    def __init__(self, runner: Runner, best: Replayed) -> None:
        self._runner = runner
        self._outcome = best.execution.outcome
        self._fewest = best.preemptions
        self._bound = 2 * best.execution.steps + SLACK
        self._best: tuple[int, int, int, tuple[int, ...]] | None = None
        self._cut = False
        self.complete = False

    def failures(self) -> Iterator[Execution]:
        """Failing executions at the granularity of a search, each better than the one before.

        The last one is the same whatever failure was known, if there is effort left.
        """
        left = SEARCH
        strategy = self._strategy()
        while left > 0 and not self._runner.hurries and strategy.begin(0):
            execution = self._runner.run(strategy, log_steps=True, max_steps=self._bound)
            left -= execution.steps
            if execution.refined:
                self._runner.refine()
                strategy = self._strategy()
                continue
            try:
                strategy.end(execution.log, execution.pending, cut=execution.cut)
            except SearchError:  # two executions that contradict each other prove nothing
                return
            count = preemptions(execution.log or [])
            self._cut = self._cut or (execution.cut and count < self._fewest)
            self.complete = count >= self._fewest and not self._cut
            if count > self._fewest:
                return
            rank = count, execution.steps, turns(execution.log or []), execution.schedule
            if execution.outcome is self._outcome and (self._best is None or rank < self._best):
                self._fewest, self._best = count, rank
                self.complete = not self._cut
                yield execution
        self.complete = self.complete or (left > 0 and not self._runner.hurries and not self._cut)

    def _strategy(self) -> Strategy:
        early = self._runner.early_timeouts
        return make("exhaustive", 0, Profile(), preemptions=self._fewest, early_timeouts=early)


def _gathered(schedule: Sequence[int]) -> Iterator[list[int]]:
    """The orders in which one piece of a thread's work is moved to the one before it, or that one to it."""
    pieces = [(task, len(list(steps))) for task, steps in groupby(schedule[1:])]
    for later, (task, _) in enumerate(pieces):
        earlier = next((i for i in reversed(range(later)) if pieces[i][0] == task), None)
        if earlier is not None:
            between, one, two = pieces[earlier + 1 : later], pieces[earlier], pieces[later]
            for middle in ([one, two, *between], [*between, one, two]):
                moved = [*pieces[:earlier], *middle, *pieces[later + 1 :]]
                yield [task for task, length in moved for _ in range(length)]
