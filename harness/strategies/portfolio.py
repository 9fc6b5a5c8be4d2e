"""The default: an exhaustive search while it promises to end, and samples of many kinds beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from harness.strategies import Plan, Profile, Strategy, make
from harness.strategies.plan import Block, Samples, Tree
from harness.trace import Operation, Step

SAMPLERS: Final = ("surw", "random", "pos", "pct", "fair")

OPENING: Final = 20
"""Executions that the exhaustive search has for itself at first: what one switch brings about it finds in a few."""

EARLY: Final = 100
"""Executions up to which it is given no more than samples are: nobody knows yet which of them will get there first."""

SHARE: Final = 4
"""From then on one execution in so many is a sample: some bugs lie deep."""

LIMIT: Final = 20_000
"""Executions after which the exhaustive search gives up, where no number of executions is given."""

LONG: Final = 1_500
"""Steps of an execution beyond which it gives up at once: there is no end to the interleavings of so many."""


class Portfolio(Strategy):
    """The samples: execution `index` is made by the sampler whose turn it is."""

    name = "portfolio"

    def __init__(self, seed: int, profile: Profile) -> None:
        super().__init__(seed, profile)
        self._samplers = [make(name, seed, profile) for name in SAMPLERS]
        self._current = self._samplers[0]

    def begin(self, index: int) -> bool:
        """Samples never end."""
        self._current = self._samplers[index % len(self._samplers)]
        self.wants_locations = self._current.wants_locations
        return self._current.begin(index)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """As the sampler whose execution this is."""
        return self._current.choose(enabled, running, step)

    def end(self, steps: Sequence[Step] | None, pending: dict[int, Operation], cut: bool = False) -> None:
        """As the sampler."""
        self._current.end(steps, pending, cut)


class Shares(Plan):
    """Shares the executions between an exhaustive search, which comes first, and samples.

    That search gives up at an execution that it cannot see the end of, or when it has had its share of
    `executions`, where it is known how many there will be, or `LIMIT`.
    """

    def __init__(
        self,
        name: str,
        seed: int,
        profile: Profile,
        *,
        preemptions: int | None = None,
        executions: int | None = None,
        early_timeouts: bool = False,
    ) -> None:
        options: dict[str, Any] = {"preemptions": preemptions, "early_timeouts": early_timeouts}
        self._tree: Tree | None = Tree("exhaustive", seed, profile, longest=LONG, **options)
        self._samples = Samples(name, seed, profile, preemptions=preemptions)
        self._left = LIMIT if executions is None else max(1, executions * (SHARE - 1) // SHARE)
        self._searched = 0
        self._sampled = 0
        self.systematic = True
        self.bound = preemptions

    def round(self, left: int) -> list[Block]:
        """First samples, then what the exhaustive search has to try; at the very beginning it is alone."""
        tree = self._tree
        if tree is not None and (tree.over or tree.gave_up or self._left <= 0):
            self.exhausted, self.bound = tree.exhausted, tree.bound if tree.exhausted else self.bound
            self._tree = tree = None
            self.systematic = False
        if tree is None:
            return [] if self.exhausted else self._samples.round(left)
        if not self._searched:
            return tree.round(min(left, self._left, OPENING))
        ratio, most = (1, self._searched) if self._searched < EARLY else (SHARE - 1, left)
        searched = tree.round(min(left, self._left, most, max(1, left * ratio // (ratio + 1))))
        total = sum(block.most for block in searched)
        samples = self._samples.take(min(left - total, -(-total // ratio)))
        self._sampled = len(samples)
        return [*samples, *searched]

    def done(self, number: int, strategy: Strategy, executions: int, ended: bool) -> None:
        """As for every plan."""
        if number < self._sampled or self._tree is None:
            return
        self._left -= executions
        self._searched += executions
        self._tree.done(number - self._sampled, strategy, executions, ended)
