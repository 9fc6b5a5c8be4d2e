"""Any strategy, with a bound on preemptions: most bugs need only one or two of them.

Musuvathi, Qadeer: "Iterative Context Bounding for Systematic Testing of Multithreaded Programs",
PLDI 2007. A switch away from a thread that is blocked or has ended is free; leaving one that could
go on is a preemption. When the bound is used up, a thread runs on for as long as it can.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.strategies import Strategy
from harness.trace import Operation, Step


class Bounded(Strategy):
    """`inner`, asked only where its choice is free or the bound is not used up yet."""

    def __init__(self, inner: Strategy, preemptions: int) -> None:
        super().__init__(inner.seed, inner.profile)
        self.name = inner.name  # type: ignore[misc]
        self.bound = preemptions
        self.wants_locations = inner.wants_locations
        self._limit = preemptions
        self._inner = inner
        self._left = 0

    def begin(self, index: int) -> bool:
        """As the inner strategy."""
        self._left = self._limit
        going_on = self._inner.begin(index)
        self.wants_steps, self.wants_locations = self._inner.wants_steps, self._inner.wants_locations
        return going_on

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """The inner strategy's choice, or to run on."""
        if running not in enabled:
            return self._inner.choose(enabled, running, step)
        if not self._left:
            return running
        chosen = self._inner.choose(enabled, running, step)
        self._left -= chosen is not running
        return chosen

    def end(self, steps: Sequence[Step] | None, pending: dict[int, Operation], cut: bool = False) -> None:
        """As the inner strategy."""
        self._inner.end(steps, pending, cut)
