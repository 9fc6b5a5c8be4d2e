"""The default: an exhaustive search while it promises to end, and samples of many kinds beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from harness.strategies import Profile, Strategy, make
from harness.trace import Operation, Step

SAMPLERS: Final = ("random", "pct", "pos", "surw", "fair")

ALONE: Final = 100
"""Executions that the exhaustive search has to itself: most small programs are settled by then."""

SHARE: Final = 4
"""After these, one execution in so many is a sample, for the bugs that lie deep in a large space."""

LIMIT: Final = 20_000
"""Executions after which the exhaustive search gives up, where no number of executions is given."""

LONG: Final = 1_500
"""Steps of an execution beyond which it gives up at once: there is no end to the interleavings of so many."""


class Portfolio(Strategy):
    """Shares the executions among the others. `exhausted` if its exhaustive search is.

    Execution `index` belongs to the exhaustive search where `searches(index)` says so, else to the
    sampler that is next in turn; which it is depends on (seed, index) alone. The exhaustive search
    is sequential: with several workers one of them does all its executions and the others, made
    with `search=False`, do samples only. `executions`: how many there will be, if that is known.
    """

    name = "portfolio"

    def __init__(
        self,
        seed: int,
        profile: Profile,
        executions: int | None = None,
        preemptions: int | None = None,
        search: bool = True,
        early_timeouts: bool = False,
    ) -> None:
        super().__init__(seed, profile)
        self._limit = LIMIT if executions is None else executions * (SHARE - 1) // SHARE
        self._search: Strategy | None = None
        if search:
            self._search = make("exhaustive", seed, profile, preemptions=preemptions, early_timeouts=early_timeouts)
        self._samplers = [make(name, seed, profile, preemptions=preemptions) for name in SAMPLERS]
        self._current: Strategy = self._samplers[0]
        self.bound = preemptions

    def searches(self, index: int) -> bool:
        """Whether execution `index` is the exhaustive search's, as long as that has not given up."""
        return index < self._limit and (index < ALONE or index % SHARE > 0)

    def begin(self, index: int) -> bool:
        """False when the exhaustive search has seen everything; samples never end."""
        if index >= self._limit:
            self._search = None
        search = self._search
        if search is not None and self.searches(index) and not search.begin(index):
            self._search = None
            self.exhausted, self.bound = search.exhausted, search.bound
            if self.exhausted:
                return False
        if self._search is not None and self.searches(index):
            self._current = self._search
        else:
            self._current = self._samplers[index % len(self._samplers)]
            self._current.begin(index)
        # What a sample teaches the world about where threads conflict makes the search start over too.
        self.wants_steps = self._search is not None
        self.wants_locations = self._current.wants_locations
        self.redundant = False
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """As the member whose execution this is."""
        return self._current.choose(enabled, running, step)

    def end(self, steps: Sequence[Step] | None, pending: dict[int, Operation], cut: bool = False) -> None:
        """As the member; the exhaustive search gives up after an execution that it cannot see the end of."""
        self._current.end(steps, pending, cut)
        self.redundant = self._current.redundant
        if self._current is self._search and (cut or (steps is not None and len(steps) > LONG)):
            self._search = None
