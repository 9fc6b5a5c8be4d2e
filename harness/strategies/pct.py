"""Priorities with a few changes: a bug that needs d ordered steps is found with a known probability.

Burckhardt, Kothari, Musuvathi, Nagarakatte: "A Randomized Scheduler with Probabilistic Guarantees of
Finding Bugs", ASPLOS 2010. Threads get random priorities; the enabled one with the highest goes on;
at d-1 random steps the priority of whoever just made the step falls below all others. A bug of depth
d shows with probability at least 1 / (n * k^(d-1)), for n threads and k steps.

Deviations: k is the length of one ordinary execution, so a longer one has no changes in its rest.
Where only one thread is enabled nobody asks us; a change due there is made at the next choice, to
the thread that runs then. A thread that spins with the highest priority spins on: the engine's fair
tail ends that.
"""

from __future__ import annotations

from typing import Any

from harness.strategies import Profile, Strategy


class Pct(Strategy):
    """Probabilistic concurrency testing for bugs up to `depth`."""

    name = "pct"

    def __init__(self, seed: int, profile: Profile, depth: int = 3) -> None:
        super().__init__(seed, profile)
        self._depth = depth
        self._priorities: dict[int, float] = {}
        self._changes: list[tuple[int, int]] = []

    def begin(self, index: int) -> bool:
        """Draws the change points; priorities are drawn when a thread is first seen."""
        super().begin(index)
        self._priorities = {}
        points = [self.random.randrange(1, max(2, self.profile.steps)) for _ in range(self._depth - 1)]
        self._changes = sorted((point, -level) for level, point in enumerate(points, start=1))
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """The enabled thread with the highest priority."""
        priorities = self._priorities
        for task in enabled:
            if task.index not in priorities:
                priorities[task.index] = self.random.random()
        while self._changes and self._changes[0][0] <= step:
            level = self._changes.pop(0)[1]
            if running is not None:
                priorities[running.index] = level
        return max(enabled, key=lambda task: priorities[task.index])
