"""The critical pair: the two steps whose order decides between failure and success.

Found as a failing and a passing schedule that are one adjacent swap apart, in up to three ways:

    own      two steps of the failure that race are brought side by side and swapped (swaps.py). A failure that was
             made small often has its pair among the first few
    bisect   where it has not, there is a way from a passing schedule to the failing one that consists of adjacent
             swaps: step by step what the failing one does first is moved to the front. Somewhere on it the verdict
             changes, and halving finds such a place in a few executions, however many races look alike and
             however many of them would have to be swapped at once
    own      once more, among the races on what that place is about: the failure that is shown explains more than
             another one that fails alike
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, permutations
from typing import Any, NamedTuple

from harness.execution import Replayed, Runner
from harness.explain import Place, carried_out
from harness.outcome import Outcome
from harness.strategies import Profile, make
from harness.strategies.replay import Roughly
from harness.swaps import Order, swaps
from harness.trace import TraceStep

EFFORT = 100_000
"""Steps of all executions tried, at most; of a long failure HALVINGS executions, if that is more."""

HALVINGS = 40
"""Executions that halving a long way takes, twice over, and some before and after."""

OWN = 10
"""The failure's own races that are tried at once, at most: most pairs are found by the first three."""

RANKINGS, SAMPLES = 24, 100
"""Orders of rank of the threads, and executions by chance, among which one that passes is looked for."""

NEIGHBOURS = 4
"""Places tried around the middle where an execution neither passes nor fails alike."""

LONGEST = 5_000
"""Steps of an execution beyond which no pair is looked for."""


@dataclass(frozen=True)
class CriticalPair:
    """`first` came before `second` in `failing`; in `passing`, which is otherwise the same schedule, after it."""

    first: Place
    second: Place
    sentence: str
    failing: str
    passing: str


class _Spent(Exception):
    """The effort is spent."""


class Decision(NamedTuple):
    """What decides about a failure. `orders` is how many were tried where none of them passes, else 0."""

    pair: CriticalPair | None = None
    orders: int = 0


def critical_pair(failing: Replayed, runner: Runner) -> CriticalPair | None:
    """A pair that decides about the failure, or None where none was found within the effort."""
    return decision(failing, runner).pair


def decision(failing: Replayed, runner: Runner) -> Decision:
    """The same, and what is known where there is none."""
    if len(failing.execution.schedule) > LONGEST:
        return Decision()
    search = _Search(failing, runner)
    pair = None
    try:
        if own := search.own():
            return Decision(own)
        pair = search.bisect()
        return Decision(search.own(pair.first.object) or pair) if pair else Decision(None, search.in_vain)
    except _Spent:
        return Decision(pair)


class _Search:
    """Executes orders near the failure; `_verdicts` are those of the orders tried."""

    def __init__(self, failing: Replayed, runner: Runner) -> None:
        self._failing = failing
        self._runner = runner
        self._outcome = failing.execution.outcome
        self._fair, self._arrivals = failing.witness.fair, failing.witness.arrivals
        self._bound = 2 * failing.execution.steps + 100
        steps = max(1, failing.execution.steps)
        self._left = max(EFFORT, HALVINGS * steps)
        self._own = max(1, min(OWN, EFFORT // (4 * steps)))
        self._verdicts: dict[Order, bool | None] = {}
        self._tried = self._passed_once = 0
        self._swaps = swaps(failing)

    @property
    def in_vain(self) -> int:
        """How many orders were tried, 0 where one of them passed."""
        return 0 if self._passed_once else self._tried

    def own(self, about: str = "") -> CriticalPair | None:
        """A pair among the failure's own races, of those on `about` where that is said."""
        swaps = (swap for swap in self._swaps if not about or about in (swap.first.object, swap.second.object))
        for swap in islice((swap for swap in swaps if swap.swapped not in self._verdicts), self._own):
            if self._fails(swap.swapped) is False and (pair := self._pair(swap.kept, swap.swapped)):
                return pair
        return None

    def bisect(self) -> CriticalPair | None:
        """A pair on the way from a passing schedule to the failing one."""
        done = tuple(self._failing.execution.schedule)
        chosen = done[1 : self._failing.fair_from]
        if self._fails(chosen) is not True:
            return None
        for passing in self._passing():
            pair = self._between(chosen, passing) or self._out_of_turn(chosen, passing)
            if pair := pair or self._between(done[1:], passing):
                return pair
        return None

    def _passing(self) -> Iterator[Order]:
        """Orders that pass, those nearest to the failure first: one turn less, then fixed ranks, then chance."""
        turns = self._failing.witness.turns
        for at in reversed(range(len(turns))):
            less = self._failing.witness._replace(turns=turns[:at] + turns[at + 1 :])
            yield from self._passed(self._runner.approach(less, self._bound))
        for ranks in islice(_rankings(len(self._failing.trace.threads)), RANKINGS):
            yield from self._passed(self._runner.record(_Ranked(ranks), self._bound, False, self._arrivals))
        chance = make("random", 0, Profile())
        for number in range(SAMPLES):
            chance.begin(number)
            yield from self._passed(self._runner.record(chance, self._bound, False, self._arrivals))

    def _passed(self, found: Replayed) -> Iterator[Order]:
        self._spend(found)
        if found.execution.outcome is Outcome.PASSED:
            yield tuple(found.execution.schedule[1:])

    def _between(self, failing: Order, passing: Order) -> CriticalPair | None:
        """The pair at a place where the verdict changes on the way from `passing` to `failing`."""

        def nearer(count: int) -> Order:
            return failing[:count] + _without(passing, failing[:count])

        if self._fails(passing) is not False or self._fails(nearer(len(failing))) is not True:
            return None
        count = self._change(nearer, 0, len(failing), False)
        if count is None:
            return None
        kept, rest, mover = failing[:count], _without(passing, failing[:count]), failing[count]
        return self._moving(kept, rest, mover)

    def _out_of_turn(self, failing: Order, passing: Order) -> CriticalPair | None:
        """Threads that take turns for ever after `failing`, but not where they go on as in `passing` first."""
        whole = failing + _without(passing, failing)

        def longer(more: int) -> Order:
            return whole[: len(failing) + more]

        if not self._fair or self._fails(whole) is not False:
            return None
        more = self._change(longer, 0, len(whole) - len(failing), True)
        if more is None:
            return None
        kept, mover = longer(more), longer(more + 1)[-1]
        in_turn = self._record(kept).execution.schedule[1 + len(kept) :]
        if mover in in_turn:
            return self._moving(kept, tuple(in_turn[: in_turn.index(mover) + 1]), mover)
        return self._pair((*kept, in_turn[0]), (*kept, mover)) if in_turn else None  # it never gets its turn again

    def _moving(self, kept: Order, rest: Order, mover: int) -> CriticalPair | None:
        """The pair at the place where the verdict changes while `mover`'s next step goes forward through `rest`."""
        end = rest.index(mover) if mover in rest else len(rest)
        others = rest[:end] + rest[end + 1 :]

        def moved(by: int) -> Order:
            return (*kept, *others[:by], mover, *others[by:])

        at_once, at_last = self._fails(moved(0)), self._fails(moved(end))
        if at_once is None or at_last is None or at_once is at_last:
            return None
        place = self._change(moved, 0, end, at_once)
        if place is None:
            return None
        orders = [moved(place), moved(place + 1)][:: 1 if at_once else -1]
        up_to_them = len(kept) + place + 2  # what comes after the two is left to running on, where that may be
        short = [order[:up_to_them] for order in orders]
        return self._pair(*(short if [*map(self._fails, short)] == [True, False] else orders))

    def _change(self, family: Callable[[int], Order], low: int, high: int, low_fails: bool) -> int | None:
        """A number from `low` on of which the verdict is `low`'s, and that of the next is `high`'s, the other one."""
        while high - low > 1:
            middle = (low + high) // 2
            near = islice(sorted(range(low + 1, high), key=lambda at: abs(at - middle)), NEIGHBOURS)
            verdicts = ((at, self._fails(family(at))) for at in near)
            at, fails = next(((at, fails) for at, fails in verdicts if fails is not None), (0, None))
            if fails is None:
                return None
            low, high = (at, high) if fails is low_fails else (low, at)
        return low

    def _fails(self, order: Order) -> bool | None:
        """Whether it fails like the failure; None where it does neither that nor pass."""
        if order not in self._verdicts:
            outcome = self._record(order).execution.outcome
            self._verdicts[order] = True if outcome is self._outcome else False if outcome is Outcome.PASSED else None
        return self._verdicts[order]

    def _record(self, order: Order) -> Replayed:
        found = self._runner.record(Roughly(order, self._fair), self._bound, False, self._arrivals)
        self._spend(found)
        return found

    def _spend(self, found: Replayed) -> None:
        self._left -= found.execution.steps
        self._tried += 1
        self._passed_once += found.execution.outcome is Outcome.PASSED
        if self._left <= 0 or self._runner.hurries:
            raise _Spent

    def _pair(self, failing: Order, passing: Order) -> CriticalPair | None:
        """The first steps in which two executions differ, where these are two steps swapped."""
        if self._fails(failing) is not True or self._fails(passing) is not False:
            return None
        fails, passes = self._record(failing), self._record(passing)
        one, other = fails.execution.schedule, passes.execution.schedule
        at = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
        if at is None or not (_comes_next(fails, at, other[at]) and _comes_next(passes, at, one[at])):
            return None
        first, second = carried_out(fails).get(at), carried_out(passes).get(at)
        if first is None or second is None:
            return None
        return _said(first, _as_it_was(second, fails), fails, passes)


class _Ranked:
    """Always the thread that comes first in `ranks`; one that is not among them counts as the last index."""

    every_step = True

    def __init__(self, ranks: Sequence[int]) -> None:
        self._ranks = {thread: rank for rank, thread in enumerate(ranks)}
        self._last = len(ranks)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return min(enabled, key=lambda task: self._ranks.get(min(task.index, self._last - 1), 0))


def _rankings(threads: int) -> Iterator[Sequence[int]]:
    """Orders of rank: all of them where there are few threads, else each thread first, then some by chance."""
    known = range(threads + 1)  # threads that only other schedules start are the last of these
    if threads < 4:
        yield from permutations(known)
        return
    for first in known:
        yield (first, *(thread for thread in known if thread != first))
    chance = random.Random(0)
    while True:
        yield chance.sample(known, len(known))


def _comes_next(found: Replayed, at: int, thread: int) -> bool:
    """Whether `thread` goes on right after step number `at`, unless it cannot."""
    log = found.execution.log or []
    return at + 1 >= len(log) or log[at + 1].task == thread or thread not in log[at + 1].enabled


def _as_it_was(step: TraceStep, fails: Replayed) -> TraceStep:
    """The same operation in the failing execution, where it came, or would have come, after the other one."""
    since = (s for s in fails.trace.steps if s.step >= step.step and s.thread == step.thread)
    later = next(since, None)
    same = later is not None and (later.operation, later.object) == (step.operation, step.object)
    return later if later is not None and same else replace(step, value="")


def _said(first: TraceStep, second: TraceStep, failing: Replayed, passing: Replayed) -> CriticalPair:
    one, other = Place.of(first), Place.of(second)
    sentence = f"{one.words()} before {other.words(one.object)}"
    return CriticalPair(one, other, sentence, str(failing.witness), str(passing.witness))


def _without(order: Order, done: Sequence[int]) -> Order:
    """What is left of an order when the threads have made the steps `done`."""
    made = Counter(done)
    left = []
    for thread in order:
        if made[thread]:
            made[thread] -= 1
        else:
            left.append(thread)
    return tuple(left)
