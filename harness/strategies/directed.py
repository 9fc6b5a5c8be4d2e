"""Towards a deadlock that is suspected: each thread of the circle waits before its second lock until all have come.

After Joshi, Park, Sen, Naik: "A Randomized Dynamic Program Analysis Technique for Detecting Real
Deadlocks" (DeadlockFuzzer), PLDI 2009, without its chance: the schedule is the same each time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol


class Names(Protocol):
    """Words for tasks, as a witness writes them."""

    def label(self, task: Any) -> str:
        """The task's name."""

    def describe(self, task: Any) -> tuple[str, str]:
        """Its pending operation as (kind, name of the object)."""


class Suspect(NamedTuple):
    """A thread of the circle, by names as a witness writes them: it holds one lock and is about to ask for another."""

    thread: str
    holds: str
    wants: str


class Directed:
    """Runs on, but holds suspects back where the circle would close. Where nobody else is enabled, one is let go."""

    every_step = True

    def __init__(self, suspects: Sequence[Suspect], names: Names) -> None:
        self._suspects = {suspect.thread: suspect for suspect in suspects}
        self._label = names.label
        self._describe = names.describe
        self._holding: set[str] = set()

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        chosen = self._choice(enabled, running)
        suspect = self._suspects.get(self._label(chosen))
        if suspect is not None and self._describe(chosen) == ("acquire", suspect.holds):
            self._holding.add(suspect.thread)
        elif suspect is not None and self._describe(chosen) == ("release", suspect.holds):
            self._holding.discard(suspect.thread)
        return chosen

    def _choice(self, enabled: list[Any], running: Any) -> Any:
        waiting = [task for task in enabled if self._is_there(task)]
        if len(waiting) == len(self._suspects):
            return waiting[0]
        free = [task for task in enabled if task not in waiting]
        if running in free:
            return running
        expected = [task for task in free if self._label(task) in self._suspects]
        return (expected or free or waiting)[0]

    def _is_there(self, task: Any) -> bool:
        suspect = self._suspects.get(self._label(task))
        return (
            suspect is not None
            and suspect.thread in self._holding
            and self._describe(task) == ("acquire", suspect.wants)
        )
