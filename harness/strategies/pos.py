"""Partial-order sampling: random priorities for events, drawn anew where the order of two of them matters.

Yuan, Yang, Gu: "Partial Order Aware Concurrency Sampling", CAV 2018. Each pending event has a random
priority and the highest enabled one goes first; when it is carried out, every pending event that
races with it gets a new priority. So the outcome of one race tells nothing about the next, and
partial orders are sampled more evenly than by a random walk.

Deviations: whether two events race is read off the pending operations alone. Steps made while only
one thread is enabled are not seen; they race with no event that could have been chosen instead.
"""

from __future__ import annotations

from typing import Any

from harness.strategies import Profile, Strategy, may_conflict
from harness.trace import Operation


class Pos(Strategy):
    """Partial-order sampling, with the new priorities for racing events that tell it from its basic form."""

    name = "pos"

    def __init__(self, seed: int, profile: Profile) -> None:
        super().__init__(seed, profile)
        self._priorities: dict[int, tuple[int, float]] = {}
        self._last: Operation | None = None

    def begin(self, index: int) -> bool:
        """Forgets all priorities."""
        super().begin(index)
        self._priorities = {}
        self._last = None
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """The enabled event with the highest priority. A thread's event is known by the steps made before it."""
        priorities, last = self._priorities, self._last
        for task in enabled:
            known = priorities.get(task.index)
            if known is None or known[0] != task.steps or (last is not None and may_conflict(last, task.pending)):
                priorities[task.index] = (task.steps, self.random.random())
        chosen = max(enabled, key=lambda task: priorities[task.index][1])
        self._last = chosen.pending
        return chosen
