"""What a worker does for a search: it looks at the program first, carries blocks out, and explains a failure.

All of it happens in a worker process, which knows of the search no more than what it is asked. What
the program has taught (`Known`) goes along with each request and comes back with its answer.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from harness.budget import Budget
from harness.crashes import raised_at
from harness.critical import CriticalPair, decision
from harness.discriminate import tell_apart
from harness.execution import Execution, Replayed, Runner, TooDeep
from harness.explain import DataRace, PotentialDeadlock, data_races, merged, potential_deadlocks
from harness.minimize import minimize
from harness.outcome import Outcome
from harness.patience import Patience
from harness.schedule import Witness
from harness.strategies import Profile, SearchError, Strategy
from harness.strategies.plan import Block
from harness.trace import Trace
from harness.watchdog import Hung, Watchdog
from harness.world.access_outside import OUTSIDE
from harness.world.program import Program
from harness.world.showing import without_addresses
from harness.world.world import Known

CHECKED_STEPS = 4_000
"""Steps of the determinism check: long enough to meet clocks, names and set orders, short for endless programs."""

FEW_STEPS = 500
"""Steps of an execution that is short."""

LASSO_PREFIXES = (0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144, 233, 377, 610, 987)
"""Where a witness of a livelock or starvation is tried to go over to taking turns, in steps."""

_TEMPORARY = re.compile(r"\btmp[a-z0-9_]{8}\b")
"""The names that CPython's tempfile gives (`_RandomNameSequence`), whose letters are chance and decide nothing."""

MINIMIZING, DECIDING = 6.0, 4.0
"""Seconds for making the failure of a slow program smaller, and for what decides about it."""

PAUSE = 0.2
"""Seconds between two messages on how far a block is."""


@dataclass(frozen=True)
class Order:
    """What is to be searched, and how each execution is to be made."""

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
class Tally:
    """What a number of executions came to. `first_failure` counts from 1; `timed`: one of them met a time limit."""

    executions: int = 0
    failures: int = 0
    first_failure: int | None = None
    first: Execution | None = None
    results: Counter[str] = field(default_factory=Counter)
    failed_with: dict[Outcome, tuple[int, str]] = field(default_factory=dict)
    inconclusive: int = 0
    message: str = ""
    unseeded: bool = False
    unseen: str = ""
    timed: bool = False
    steps: int = 0
    max_bypass: int = 0

    def count(self, execution: Execution) -> None:
        """One more."""
        failed = execution.outcome.failed
        one = Tally(
            executions=1,
            failures=int(failed),
            first_failure=1 if failed else None,
            first=execution._replace(log=None) if failed else None,
            failed_with={execution.outcome: (1, execution.message)} if failed else {},
            inconclusive=int(execution.outcome is Outcome.INCONCLUSIVE),
            message=execution.message if execution.outcome is Outcome.INCONCLUSIVE else "",
            unseeded=execution.unseeded,
            unseen=execution.unseen,
            timed=execution.timed,
            steps=execution.steps,
            max_bypass=execution.max_bypass,
        )
        if execution.result is not None:
            one.results[execution.result] = 1
        self.add(one)

    def add(self, other: Tally) -> None:
        """Those of `other` came next. `steps` are those of the first failure, the most of any before there is one."""
        if self.first is None:
            self.steps = max(self.steps, other.steps)
            if other.first is not None:
                self.first, self.steps = other.first, other.steps
                self.first_failure = self.executions + (other.first_failure or 0)
        self.executions += other.executions
        self.failures += other.failures
        self.results += other.results
        for outcome, (times, message) in other.failed_with.items():
            before, first = self.failed_with.get(outcome, (0, message))
            self.failed_with[outcome] = before + times, first
        self.inconclusive += other.inconclusive
        self.message = self.message or other.message
        self.unseeded = self.unseeded or other.unseeded
        self.unseen = self.unseen or other.unseen
        self.timed = self.timed or other.timed
        self.max_bypass = max(self.max_bypass, other.max_bypass)


class Look(NamedTuple):
    """The first look at a program: what an ordinary execution is like. `odd`: how two of one schedule differed."""

    odd: str
    profile: Profile
    suspected: list[PotentialDeadlock]
    races: list[DataRace]
    short: bool
    known: Known
    outside: bool  # it changes files and the like, of which workers have not each its own


class Carried(NamedTuple):
    """A block carried out. `ended`: its strategy had nothing left to try; `taught`: the search is to start again."""

    tally: Tally
    strategy: Strategy
    ended: bool
    taught: bool
    odd: str
    known: Known


@dataclass
class Account:
    """The explanation of a failure, as far as it goes."""

    message: str
    witness: str | None = None
    minimal: str | None = None
    preemptions: int | None = None
    fewest: bool = False
    races: list[DataRace] = field(default_factory=list)
    critical_pair: CriticalPair | None = None
    trace: Trace | None = None
    orders: int = 0
    """How many other orders of steps were tried where none of them passes; 0 where one does."""
    unfinished: str = ""
    """Why there may be a smaller witness, or a pair where none was found: a program so slow that time ended it."""


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


class Laboratory:
    """Answers the requests of one search. `send` tells meanwhile how far the answer is."""

    def __init__(self, order: Order, runner: Runner, send: Callable[[Any], None]) -> None:
        self._order = order
        self._runner = runner
        self._send = send

    def look(self) -> Look:
        """Execute the program twice along one schedule, then twice more for a profile. Raises TargetError."""
        runner = self._runner
        OUTSIDE.changed = False
        first = runner.record(_Random(self._order.seed), CHECKED_STEPS, states=False)
        runner.refine()
        odd = _difference(first, runner.follow(first.execution, max_steps=CHECKED_STEPS, states=False))
        profile = Profile() if odd else self._profile()
        seen = potential_deadlocks(first), data_races(first), first.execution.steps <= FEW_STEPS
        return Look(odd, profile, *seen, runner.world.known, OUTSIDE.changed)

    def races(self) -> list[DataRace]:
        """Those of some more executions: not every schedule shows each, and a few short ones cost little."""
        several = (self._runner.record(_Random(self._order.seed + n), CHECKED_STEPS, states=False) for n in (1, 2, 3))
        return merged(*map(data_races, several))

    def _profile(self) -> Profile:
        """The longer of two executions: one in which a thread had nothing to do says little of what it may do."""
        in_order = self._runner.run(_InOrder(), log_steps=True, max_steps=CHECKED_STEPS)
        self._runner.refine()
        execution = self._runner.run(_Random(self._order.seed), log_steps=True)
        self._runner.refine()
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

    def carry_out(self, block: Block, known: Known, systematic: bool, until: float) -> Carried:
        """The executions of a block: until a failure ends the search, or `until` (on the monotonic clock).

        In a `systematic` search they also end with one that teaches something.
        """
        runner, strategy, tally = self._runner, block.strategy, Tally()
        runner.world.known = known
        if Watchdog.current is not None:
            Watchdog.current.so_far = lambda: tally
        told, index, ended, taught, odd = time.monotonic(), block.start, False, False, ""
        while tally.executions < block.most and not taught and (now := time.monotonic()) < until:
            if now - told > PAUSE:
                told = now
                self._send(tally)
            if not strategy.begin(index):
                ended = True
                break
            index += 1
            strategy.watch(lambda: runner.world.scheduler.log or ())
            try:
                execution = runner.run(strategy, log_steps=strategy.wants_steps, named=strategy.wants_locations)
                taught = execution.refined and systematic
                runner.refine()
                if not taught:
                    # Turns in the tail are nobody's choice, so there is nothing to be asked for in their stead.
                    chosen = execution.log[: runner.max_steps // 2] if execution.log else execution.log
                    strategy.end(chosen, execution.pending, cut=execution.cut)
            except SearchError as error:
                odd = str(error)
                break
            if strategy.redundant and not taught:
                continue
            tally.count(execution)
            if tally.failures and not self._order.keep_going:
                break
        return Carried(tally, strategy, ended, taught, odd, runner.world.known)

    def steer(
        self, suspected: list[PotentialDeadlock], known: Known
    ) -> tuple[Execution | None, list[PotentialDeadlock]]:
        """Lead one execution towards each deadlock that seems possible; only one that happens counts.

        That one, if there is one, and the others that were tried, with what came of it.
        """
        self._runner.world.known = known
        tried: list[PotentialDeadlock] = []
        for potential in suspected:
            led = self._runner.lead(potential.suspects, CHECKED_STEPS)
            happened, bound = led.execution.outcome is Outcome.DEADLOCK, self._order.preemptions
            beyond = happened and bound is not None and led.preemptions > bound
            if happened and not beyond:
                return led.execution._replace(log=None), tried
            words = "it did, with more preemptions than were to be tried" if beyond else "it did not"
            tried.append(replace(potential, tried=f"a schedule was steered there, and {words}"))
        return None, tried

    def explain(self, execution: Execution, known: Known) -> Account:
        """The failing execution once more, with everything recorded: a witness that was tried, and what decides."""
        runner = self._runner
        runner.world.known = known
        account = Account(execution.message)
        if Watchdog.current is not None:
            Watchdog.current.so_far = lambda: account
        shown = self.shown(execution)
        if shown is None:
            account.message += " (seen once; it did not come again along the same schedule)"
            return account
        account.witness = str(shown.witness)
        self._send(account)
        runner.patience = first = Patience(MINIMIZING)
        least, account.fewest = minimize(shown, runner)
        account.minimal, account.trace = str(least.witness), least.trace
        account.preemptions = least.preemptions
        account.races = data_races(least)
        runner.patience = second = Patience(DECIDING)
        account.message = least.execution.message + tell_apart(least, runner)
        account.critical_pair, account.orders = decision(least, runner)
        runner.patience = None
        if first.was_over or second.was_over:
            mean = (first.taken + second.taken) / (first.executions + second.executions)
            account.unfinished = f"an execution takes {mean:.2g} s, so not everything was tried"
        return account

    def shown(self, execution: Execution) -> Replayed | None:
        """The failing execution again, recorded without states, with a witness that was tried."""
        candidates: list[Callable[[], Replayed]] = [lambda: self._runner.follow(execution, states=False)]
        if execution.loop:
            candidates = [
                lambda cut=cut: self._runner.follow(execution, fair_from=cut + 1, states=False)
                for cut in LASSO_PREFIXES
                if cut < len(execution.schedule)
            ] + candidates
        for candidate in candidates:
            shown = candidate()
            if shown.execution.outcome is execution.outcome and self._leads_there(shown.witness):
                return shown
        return None

    def _leads_there(self, witness: Witness) -> bool:
        return not self._runner.replay(witness, states=False).diverged


def _difference(first: Replayed, second: Replayed) -> str:
    """Empty, or what was different when one schedule was executed twice."""
    for one, two in zip(first.trace.steps, second.trace.steps, strict=False):
        if (one.thread, one.operation, one.object, one.line) != (two.thread, two.operation, two.object, two.line):
            return (
                f"nondeterministic program: step {one.step} expected {one.thread} to {one.operation} {one.object} "
                f"(line {one.line}), saw {two.thread} {two.operation} {two.object} (line {two.line})"
            )
        if _lasting(one.value) != _lasting(two.value):
            return (
                f"nondeterministic program: step {one.step}, {one.thread}'s {one.operation} of {one.object} "
                f"(line {one.line}), found {one.value} the first time and {two.value} the second"
            )
    if second.diverged:
        return f"nondeterministic program: {second.diverged}"
    results = first.execution.result, second.execution.result
    if results[0] != results[1]:
        told = f"main returned {results[0]} the first time and {results[1]} the second"
        return f"nondeterministic program: along one schedule {told}"
    return ""


def _lasting(value: str) -> str:
    """What is the same in each execution of a value that is shown: where an object or a temporary file lies is not."""
    return _TEMPORARY.sub("tmp", without_addresses(value))


class Here:
    """Carries requests out in this process: for programs that are trusted to do it no harm."""

    def __init__(self, order: Order, runner: Runner) -> None:
        self._laboratory = Laboratory(order, runner, lambda body: None)

    def ask(self, request: Any, heard: Callable[[Any], None] = lambda body: None) -> Any:
        return getattr(self._laboratory, request[0])(*request[1])

    def alone(self) -> None:
        """It is."""

    def answers(self, requests: Iterable[Any], heard: Callable[[int, Any], None]) -> Iterator[tuple[int, Any]]:
        yield from ((number, self.ask(request)) for number, request in enumerate(requests))


def opened(order: Order, send: Callable[[Any], None]) -> Callable[[tuple[str, tuple[Any, ...]]], Any]:
    """A laboratory in this worker process: answers (name of a method, arguments)."""
    runner = Runner(
        order.program,
        max_steps=order.max_steps,
        instrumented=order.instrumented,
        early_timeouts=order.early_timeouts,
        watchdog=Watchdog.current,
    )
    laboratory = Laboratory(order, runner, send)

    def answer(request: tuple[str, tuple[Any, ...]]) -> Any:
        try:
            return getattr(laboratory, request[0])(*request[1])
        except TooDeep as error:
            return Hung(str(error), so_far=Watchdog.current.so_far() if Watchdog.current else None)
        except BaseException as error:
            if not (where := raised_at(error, runner.world.modules.files)):
                raise
            what = f"{type(error).__name__} comes out of the program{where} where the lab does work of its own"
            return Hung(what, so_far=Watchdog.current.so_far() if Watchdog.current else None)

    return answer
