"""Fair: threads take turns, after a random prefix that brings them into all sorts of states first.

What never ends under a fair schedule is a livelock or a starvation; under an unfair one it proves
nothing. The prefix makes the difference between executions, the turns make each of them fair.
"""

from __future__ import annotations

from typing import Any

from harness.strategies import Profile, Strategy


class Fair(Strategy):
    """Round robin from a random step on: one drawn evenly from 0 up to the length of an ordinary execution.

    `prefix` fixes the number of steps before the turns begin; 0 leaves no randomness at all.
    """

    name = "fair"

    def __init__(self, seed: int, profile: Profile, prefix: int | None = None) -> None:
        super().__init__(seed, profile)
        self._prefix = prefix
        self._until = 0
        self._last = 0

    def begin(self, index: int) -> bool:
        """Draws the prefix; execution 0 has none, so that the plain fair execution is always tried."""
        super().begin(index)
        self._last = 0
        self._until = self._prefix if self._prefix is not None else 0
        if self._prefix is None and index:
            self._until = self.random.randrange(self.profile.steps + 1)
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """The next in turn, or any during the prefix."""
        if step < self._until:
            chosen = enabled[int(self.random.random() * len(enabled))]
        else:
            last = running.index if running is not None else self._last
            chosen = next((task for task in enabled if task.index > last), enabled[0])
        self._last = chosen.index
        return chosen
