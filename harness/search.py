"""A search, seen from outside its workers: round after round of executions, until something is known.

Order of events: the program is executed twice along one schedule (is it deterministic? this also
teaches which places conflict) and twice more for a profile. Then a plan (strategies/plan.py) says what is to be
executed, in rounds of blocks that are the same for any number of workers. The blocks of a round are counted
in their order, each begins with what was known when the round began, and whatever ends the search or makes it
start again does so at its place in that order: so the result does not depend on who did what, or when.
In the end a worker explains the first failure (laboratory.py).
"""

from __future__ import annotations

import copy
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from harness.critical import CriticalPair
from harness.execution import Execution
from harness.explain import DataRace, PotentialDeadlock, merged
from harness.laboratory import Account, Carried, Look, Order, Tally
from harness.outcome import Outcome
from harness.strategies import Plan, make_plan
from harness.strategies.plan import Block
from harness.trace import Trace
from harness.watchdog import Hung
from harness.world.world import Known


@dataclass
class Found(Tally):
    """What a search came to, so far."""

    outcome: Outcome = Outcome.PASSED
    exhausted: bool = False
    bound: int | None = None
    seconds: float = 0.0
    witness: str | None = None
    minimal: str | None = None
    preemptions: int | None = None
    fewest: bool = False
    races: list[DataRace] = field(default_factory=list)
    critical_pair: CriticalPair | None = None
    potential_deadlocks: list[PotentialDeadlock] = field(default_factory=list)
    trace: Trace | None = None
    orders: int = 0
    unfinished: str = ""


UNTRIED = "the budget was spent on getting to know the program, which takes four executions: it needs more"
"""Why a search that has tried no schedule says nothing."""


class Workers(Protocol):
    """Who carries requests out: (name of a laboratory's method, its arguments)."""

    def ask(self, request: Any, heard: Callable[[Any], None] = ...) -> Any: ...

    def alone(self) -> None: ...

    def answers(self, requests: Iterable[Any], heard: Callable[[int, Any], None]) -> Iterator[tuple[int, Any]]: ...


class Search:
    """One search of one program. `tell` is called now and then with what is known so far."""

    def __init__(self, order: Order, workers: Workers, tell: Callable[[Found], None] = lambda so_far: None) -> None:
        self._order = order
        self._strategy = order.strategy
        self._budget = order.budget
        self._workers = workers
        self._tell = tell
        self._found = Found()
        self._known = Known()
        self._lost = ""
        self._odd = ""
        self._look: Look | None = None
        self._suspected: list[PotentialDeadlock] = []
        self._dropped: Execution | None = None
        self._began = self._told = time.monotonic()

    def run(self) -> Found:
        """Search until a failure, the end of the space, or the end of the budget, and explain. Raises TargetError."""
        found = self.find()
        if found.first is not None:
            self._explain(found, found.first)
        if self._look is not None and self._look.short:
            more = self._workers.ask(("races", ()))
            found.races = merged(found.races, [] if isinstance(more, Hung) else more)
        found.seconds = time.monotonic() - self._began
        return found

    def find(self) -> Found:
        """The same without the explanation of a failure."""
        look = self._workers.ask(("look", ()))
        if isinstance(look, Hung) or look.odd:
            self._found.outcome = Outcome.INCONCLUSIVE
            self._found.message = look.message if isinstance(look, Hung) else look.odd
            return self._found
        if look.outside:
            self._workers.alone()
        self._known, self._look, self._suspected = look.known, look, look.suspected
        self._search(look)
        self._conclude(look)
        return self._found

    def _search(self, look: Look) -> None:
        first = self._strategy == "portfolio" and not self._order.keep_going
        if first:
            self._steer(look)
        while not self._over() and not self._pass(look):
            self._dropped = self._dropped or self._found.first
            self._found = Found()
        if not (first or self._over() or self._found.failures or self._found.exhausted):
            self._steer(look)
        if self._dropped is not None and not self._found.failures and not self._odd:
            self._found.count(self._dropped)

    def _conclude(self, look: Look) -> None:
        found = self._found
        found.races = look.races
        if self._odd:
            found.outcome, found.message, found.first = Outcome.INCONCLUSIVE, self._odd, None
        elif found.first is not None:
            found.outcome, found.message = found.first.outcome, found.first.message
        elif self._lost:
            found.outcome, found.message = Outcome.INCONCLUSIVE, self._lost
        elif found.inconclusive:
            found.outcome = Outcome.INCONCLUSIVE
        elif not found.executions:
            found.outcome, found.message = Outcome.INCONCLUSIVE, UNTRIED
        found.potential_deadlocks = [] if found.failures or found.exhausted else self._suspected

    def _over(self) -> bool:
        """Whether something has ended the search for good."""
        return bool(self._odd or self._lost or (self._found.failures and not self._order.keep_going))

    def _steer(self, look: Look) -> None:
        if look.suspected:
            answer = self._workers.ask(("steer", (look.suspected, self._known)))
            if isinstance(answer, Hung):
                self._lost = answer.message
                return
            led, self._suspected = answer
            if led is not None:
                self._found.count(led)

    def _pass(self, look: Look) -> bool:
        """Carry a whole plan out, as far as the budget goes; False where it is to be begun again, knowing more."""
        order = self._order
        options = {"preemptions": order.preemptions, "early_timeouts": order.early_timeouts}
        steps = make_plan(self._strategy, order.seed, look.profile, executions=self._budget.executions, **options)
        while (left := self._left()) and (blocks := steps.round(left)):
            if not self._round(steps, blocks):
                return False
            if self._over():
                return True
        found = self._found
        found.bound = steps.bound
        found.exhausted = steps.exhausted and not found.inconclusive
        if found.exhausted and found.unseeded:
            found.exhausted = False
            found.message = "every interleaving was tried, for one sequence of random numbers only"
        if found.unseen and steps.exhausted and not found.inconclusive:
            found.exhausted = False
            found.message = f"every interleaving of the steps was tried, but {found.unseen}"
        if left and not steps.exhausted and not found.inconclusive:  # there was nothing more to do
            found.message = "executions were cut at the step bound: what is behind it was not tried"
        return True

    def _left(self) -> int:
        """How many executions may still be made; 0 when the time is up, too."""
        if self._budget.spent(time.monotonic() - self._began, self._found.executions):
            return 0
        most = self._budget.executions
        return sys.maxsize if most is None else most - self._found.executions

    def _round(self, steps: Plan, blocks: list[Block]) -> bool:
        """Carry the blocks out, count them in their order. False where one has taught so much that all begins anew."""
        known = self._known
        until = self._began + (self._budget.seconds or float("inf"))
        requests = (("carry_out", (block, known, steps.systematic, until)) for block in blocks)
        early: dict[int, Carried | Hung] = {}
        under_way: dict[int, Tally] = {}

        def heard(number: int, tally: Tally) -> None:
            under_way[number] = tally
            self._progress(tally for number, tally in under_way.items() if number >= counted)

        counted = 0
        answers = self._workers.answers(requests, heard)
        try:
            for number, answer in answers:
                early[number] = answer
                while (carried := early.pop(counted, None)) is not None:
                    if not self._count(steps, counted, carried):
                        return False
                    counted += 1
                    if self._over():
                        return True
        finally:
            answers.close()  # type: ignore[attr-defined]
        return True

    def _count(self, steps: Plan, number: int, carried: Carried | Hung) -> bool:
        found = self._found
        if isinstance(carried, Hung):
            if carried.so_far is not None:
                found.add(carried.so_far)
            self._lost = carried.message
            return True
        found.add(carried.tally)
        self._odd = carried.odd
        self._known = self._known.and_also(carried.known)
        steps.done(number, carried.strategy, carried.tally.executions, carried.ended)
        self._progress([])
        return not carried.taught or self._over() or not self._left()

    def _progress(self, tallies: Iterable[Tally]) -> None:
        now = time.monotonic()
        if now - self._told > 0.1:
            self._told = now
            so_far = copy.copy(self._found)
            so_far.results, so_far.failed_with = so_far.results.copy(), dict(so_far.failed_with)
            for tally in tallies:
                so_far.add(tally)
            so_far.seconds = now - self._began
            self._tell(so_far)

    def _explain(self, found: Found, execution: Execution) -> None:
        heard: list[Account] = []
        account = self._workers.ask(("explain", (execution, self._known)), heard.append)
        if isinstance(account, Hung):
            lost, account = account.message, (heard or [Account(execution.message)])[-1]
            account.message += f" (not made smaller: {lost})"
        if self._lost:
            account.message += f"; the search ended early: {self._lost}"
        found.message = account.message
        found.witness, found.minimal, found.trace = account.witness, account.minimal, account.trace
        found.fewest, found.orders, found.unfinished = account.fewest, account.orders, account.unfinished
        found.preemptions, found.critical_pair = account.preemptions, account.critical_pair
        found.races = merged(account.races, found.races)
