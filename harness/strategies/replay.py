"""Replay: an execution is led again along a schedule. A choice that is not possible is an error, never replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from harness.schedule import END, Turn, Witness

Describe = Callable[[Any], tuple[str, str]]
"""A task's pending operation as (kind, plain name of the object)."""


class Diverged(Exception):
    """The execution cannot follow the schedule any further."""


class Fairly(Exception):
    """The schedule says: from here on the threads take turns. Raised by a policy for the one that wraps it."""


class Follow:
    """Follows the indexes of a schedule recorded in this process, then, with `fair`, lets threads take turns.

    `had(task, step)` tells whether the task stopped where it stands now when the schedule was recorded;
    at the other points, which a finer granularity adds, the running thread goes on.
    """

    every_step = True

    def __init__(self, schedule: Sequence[int], had: Callable[[Any, int], bool], fair: bool = False) -> None:
        self._schedule = schedule
        self._had = had
        self._fair = fair
        self._next = 1

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        if running is not None and running in enabled and not self._had(running, self._next):
            return running
        if self._next >= len(self._schedule):
            if self._fair:
                raise Fairly
            raise Diverged(f"diverged at step {step + 1}: the recorded schedule ends here")
        wanted = self._schedule[self._next]
        self._next += 1
        for task in enabled:
            if task.index == wanted:
                return task
        raise Diverged(f"diverged at step {step + 1}: expected thread {wanted}, enabled are {_names(enabled)}")


class Replay:
    """Follows a witness: run on, except at its turns; after the last turn in turns if it says `fair`."""

    every_step = True

    def __init__(self, witness: Witness, describe: Describe, plain: Callable[[str], str]) -> None:
        self._witness = witness
        self._turns = list(witness.turns)
        self._describe = describe
        self._plain = plain
        self._arrivals: Counter[tuple[str, str, str]] = Counter()
        self._last: Any = None

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        chosen = self._chosen(enabled, running, step)
        self._last = chosen
        return chosen

    def unused(self) -> str | None:
        """What the witness still waits for when the execution is over."""
        if not self._turns:
            return None
        turn = self._turns[0]
        return f"{turn.thread} never came to {_words(turn)}" + (f" for the {turn.nth}th time" if turn.nth > 1 else "")

    def _chosen(self, enabled: list[Any], running: Any, step: int) -> Any:
        last = running or self._last
        if self._turns and last is not None and self._arrived(last, running is None or not running.held, self._turns[0]):
            turn = self._turns.pop(0)
            for task in enabled:
                if self._plain(task.name) == turn.to:
                    return task
            raise Diverged(f"diverged at step {step + 1}: expected {turn.to} to go on, enabled are {self._can(enabled)}")
        if self._witness.fair and not self._turns:
            raise Fairly
        return running if running in enabled else enabled[0]

    def _arrived(self, task: Any, finished: bool, turn: Turn) -> bool:
        name = self._plain(task.name)
        kind, what = (END, "") if finished else self._describe(task)
        self._arrivals[name, kind, what] += 1
        return (name, kind, what, self._arrivals[name, kind, what]) == (turn.thread, turn.kind, turn.object, turn.nth)

    def _can(self, enabled: list[Any]) -> str:
        return ", ".join(f"{task.name} ({' '.join(self._describe(task)).strip()})" for task in enabled)


def _names(tasks: list[Any]) -> str:
    return ", ".join(task.name for task in tasks)


def _words(turn: Turn) -> str:
    return "its end" if turn.kind == END else f"{turn.kind} {turn.object}".strip()
