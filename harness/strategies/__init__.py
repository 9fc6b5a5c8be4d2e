"""Strategies: which enabled thread goes next. Pure policy: they never block and know no engine.

One file holds one strategy, with its paper cited and its deviations admitted; `STRATEGIES` has one
line for each, and `make` builds one by its name. The engine tells a strategy of each execution with
`begin`, asks it with `choose` wherever more than one thread is enabled, and hands it the outcome of
its choices with `end`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib import import_module
from random import Random
from typing import Any, ClassVar, NamedTuple, Protocol

from harness.trace import WHOLE, Operation, Step


class SearchError(Exception):
    """A search was shown an execution that contradicts an earlier one: its claims would be worth nothing."""


class Task(Protocol):
    """What a strategy may see of a thread; `pending` only of an enabled one."""

    index: int
    name: str
    pending: Operation
    steps: int


class Profile(NamedTuple):
    """What one ordinary execution looked like: the same for every worker of a search.

    `per_task` has the number of steps of each thread by its index, `kinds` the (thread, operation)
    of each step in order.
    """

    steps: int = 0
    threads: int = 1
    per_task: tuple[int, ...] = (0,)
    kinds: tuple[tuple[int, Operation], ...] = ()


def may_conflict(a: Operation, b: Operation) -> bool:
    """True where the order of two pending operations may matter, as far as can be told before they are carried out."""
    if a.object is None or a.object != b.object or a.mode == b.mode == "r":
        return False
    return a.key is WHOLE or b.key is WHOLE or a.key == b.key


class Strategy:
    """Base of all strategies. An instance serves many executions, one after the other.

    `wants_steps` (read it after each `begin`): the execution records its steps and hands them to
    `end`. `wants_locations`: operations must carry tokens that are equal across executions, as they
    do in a profile. `exhausted`: every interleaving (within `bound` preemptions, if that is not None) was
    tried. `redundant`: the execution just ended repeats one seen before and counts as none of its own.
    `gave_up`: it is going to try no more, though there is more to try.
    """

    name: ClassVar[str]
    every_step: ClassVar[bool] = False
    wants_steps: bool = False
    wants_locations: bool = False
    exhausted: bool = False
    redundant: bool = False
    gave_up: bool = False
    bound: int | None = None

    def __init__(self, seed: int, profile: Profile) -> None:
        self.seed = seed
        self.profile = profile
        self.random = Random(0)

    def begin(self, index: int) -> bool:
        """Execution `index` (from 0) starts; False where nothing is left to try.

        Random strategies draw everything from (seed, index), so that any worker can run any index.
        """
        self.random.seed(f"{self.seed}/{index}")
        return True

    def watch(self, so_far: Callable[[], Sequence[Step]]) -> None:
        """After `begin`, where `wants_steps`: how to see the steps that were made so far."""

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """The thread to go on; called only where there is a choice.

        `enabled`: two threads or more, by ascending index. `running`: the thread that made the last
        step, or None where it finished with it. `step`: how many steps were made so far.
        """
        raise NotImplementedError

    def end(self, steps: Sequence[Step] | None, pending: dict[int, Operation], cut: bool = False) -> None:
        """The execution is over.

        `steps`: all of them, where asked for. `pending`: what each thread that had not finished was
        about to do. `cut`: the step bound ended it.
        """


class Plan:
    """Which executions a search makes, in which order: rounds of blocks (plan.py), until a round has none.

    `exhausted`, `bound`, `gave_up`: as for a strategy. `systematic`: what an execution teaches of the program makes
    all others worthless, and the search starts again.
    """

    systematic = False
    exhausted = False
    gave_up = False
    bound: int | None = None

    def round(self, left: int) -> list[Any]:
        """The blocks that come next, with at most `left` executions; none where nothing is left to try.

        All blocks of the round before are `done`.
        """
        raise NotImplementedError

    def done(self, number: int, strategy: Strategy, executions: int, ended: bool) -> None:
        """Block `number` of the round was carried out: how many executions that were, and whether `begin` said False.

        `strategy` is the block's, as it is now; it may have been to another process and back.
        """


STRATEGIES = {
    "random": "harness.strategies.uniform:Uniform",
    "fair": "harness.strategies.fair:Fair",
    "pct": "harness.strategies.pct:Pct",
    "pos": "harness.strategies.pos:Pos",
    "surw": "harness.strategies.surw:Surw",
    "exhaustive": "harness.strategies.exhaustive:Exhaustive",
    "portfolio": "harness.strategies.portfolio:Portfolio",
}
"""Name to class. They are imported when first made: a class needs this module to exist before it."""

_BOUNDED = {"exhaustive": "harness.strategies.iterative:Iterative"}
"""Those that have their own way to keep to a number of preemptions; all others are wrapped."""


def make(name: str, seed: int, profile: Profile, *, preemptions: int | None = None, **options: Any) -> Strategy:
    """The strategy called `name`, with at most `preemptions` preemptions in each execution.

    Raises ValueError for an unknown name, TypeError for an option the strategy does not have.
    """
    if name not in STRATEGIES:
        raise ValueError(f"unknown strategy {name!r}: one of {', '.join(STRATEGIES)}")
    if preemptions is None:
        return _load(STRATEGIES[name])(seed, profile, **options)  # type: ignore[no-any-return]
    if name in _BOUNDED:
        return _load(_BOUNDED[name])(seed, profile, preemptions=preemptions, **options)  # type: ignore[no-any-return]
    wrapped = make(name, seed, profile, **options)
    return _load("harness.strategies.bounded:Bounded")(wrapped, preemptions)  # type: ignore[no-any-return]


_PLANS = {"exhaustive": "harness.strategies.plan:Tree", "portfolio": "harness.strategies.portfolio:Shares"}
"""Those that do not just take one sample after the other."""


def make_plan(name: str, seed: int, profile: Profile, **options: Any) -> Plan:
    """How a search with the strategy of this name goes on. Options: preemptions, executions (if known), early_timeouts.

    Raises ValueError for an unknown name.
    """
    return _load(_PLANS.get(name, "harness.strategies.plan:Samples"))(name, seed, profile, **options)  # type: ignore[no-any-return]


def _load(place: str) -> Any:
    module, _, cls = place.partition(":")
    return getattr(import_module(module), cls)
