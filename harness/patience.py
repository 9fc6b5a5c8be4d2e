"""How long explaining may take: for most programs as long as it takes, which steps bound; for slow ones a few seconds.

A program is slow where none of its executions so far was quick. One quick execution proves that the machine, and not
the program, made the others wait; so what is told of an ordinary program does not depend on how busy the machine is.
"""

from __future__ import annotations

import time

QUICK = 0.002, 0.0003
"""Seconds of a quick execution, at most, and for each of its steps: several times what the lab itself needs."""

TURNS = 0.001
"""The same for each step where threads take turns, and states are compared."""


class Patience:
    """Told of each execution. `over` once a slow program has taken its seconds; `was_over`: somebody was told so."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.shortest = float("inf")
        self.was_over = False
        self._until = time.monotonic() + seconds
        self._quick = False

    def count(self, steps: int, seconds: float, turns: bool) -> None:
        """An execution of so many steps took so long. `turns`: threads took turns in the end."""
        self.shortest = min(self.shortest, seconds)
        self._quick = self._quick or seconds <= QUICK[0] + steps * (TURNS if turns else QUICK[1])

    @property
    def over(self) -> bool:
        known = self.shortest < float("inf")
        if known and not self._quick and time.monotonic() > self._until:
            self.was_over = True
        return self.was_over
