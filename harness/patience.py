"""How long explaining may take: as long as its executions need that steps bound, and some seconds more.

What an execution costs the lab is known: so much for each, so much for each step. A program that takes longer, since
it computes much or waits for a disk, uses the seconds up, and then what is known by then has to do. An ordinary
program stays far below, also on a busy machine, so what is told of it does not depend on the clock.
"""

from __future__ import annotations

import time

EACH, STEP = 0.001, 0.0001
"""Seconds that an execution and each of its steps may take: twice what most need."""

TURNS = 0.001
"""The same for a step where threads take turns, and states are compared."""


class Patience:
    """Told of each execution. `over` once they have taken `seconds` more than they may; then it stays so."""

    def __init__(self, seconds: float) -> None:
        self.was_over = False
        self.executions = 0
        self.taken = 0.0
        self._until = time.monotonic() + seconds

    def count(self, steps: int, seconds: float, turns: bool) -> None:
        """An execution of so many steps took so long. `turns`: threads took turns in the end."""
        self.executions += 1
        self.taken += seconds
        self._until += EACH + steps * (TURNS if turns else STEP)

    @property
    def over(self) -> bool:
        """Whether no further execution is to be made."""
        self.was_over = self.was_over or (self.executions > 0 and time.monotonic() > self._until)
        return self.was_over
