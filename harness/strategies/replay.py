"""Replay: an execution is led again along a schedule. A choice that is not possible is an error, never replaced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from harness.schedule import END, FAIR, Turn, Witness


class Names(Protocol):
    """Words for tasks, as a witness writes them and, by `words`, as a person reads them."""

    def label(self, task: Any) -> str:
        """The task's name, in a witness."""

    def describe(self, task: Any) -> tuple[str, str]:
        """Its pending operation as (kind, name of the object), in a witness."""

    def words(self, task: Any) -> str:
        """The task and its pending operation."""

    def thread(self, label: str) -> str:
        """The name of the thread with that label, the label where there is none."""


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


class Roughly:
    """Keeps as close to an order of thread indexes as the program allows: always the first of them that is enabled.

    When the order is used up, a thread runs on until it is blocked or ends.
    """

    every_step = True

    def __init__(self, order: Sequence[int], fair: bool = False) -> None:
        self._order = list(reversed(order))
        self._fair = fair

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        by_index = {task.index: task for task in enabled}
        for at in reversed(range(len(self._order))):
            if self._order[at] in by_index:
                return by_index[self._order.pop(at)]
        if self._fair:
            raise Fairly
        return running if running in enabled else enabled[0]


class Replay:
    """Follows a witness: run on, except at its turns; after the last turn in turns if it says `fair`.

    Raises Diverged where a turn cannot be taken or never will be. A `lenient` replay leaves such a turn out and
    goes on: for a search among similar schedules, where what really happened is written down by somebody else.
    """

    every_step = True

    def __init__(self, witness: Witness, names: Names, lenient: bool = False) -> None:
        self._witness = witness
        self._turns = witness.turns
        self._next = 0
        self._places: dict[tuple[str, str, str, int], list[int]] = {}
        for at, turn in enumerate(witness.turns):
            self._places.setdefault(turn[:4], []).append(at)
        self._names = names
        self._lenient = lenient
        self._arrivals: Counter[tuple[str, str, str]] = Counter()
        self._finished: set[str] = set()
        self._last: Any = None

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        last = running or self._last
        asked = self._turn_at(last, running is None or not running.held) if last is not None else None
        if asked is not None:
            chosen = self._taken(asked, enabled, step)
        else:
            self._refuse_what_cannot_come(enabled, step)
            chosen = None
        if chosen is None:
            if self._witness.fair and self._awaited is None and asked is None:
                raise Fairly
            chosen = running if running in enabled else enabled[0]
        self._last = chosen
        return chosen

    def unused(self) -> str | None:
        """What the witness still waits for when the execution is over."""
        return f"expected {self._expected(self._awaited)}" if self._awaited is not None else None

    @property
    def _awaited(self) -> Turn | None:
        """The first of the turns that are still to come."""
        return self._turns[self._next] if self._next < len(self._turns) else None

    def _turn_at(self, task: Any, finished: bool) -> Turn | None:
        """The turn whose place `task` has come to. A lenient replay may pass over turns before it."""
        name = self._names.label(task)
        if finished:
            self._finished.add(name)
        here = (name, END, "") if finished else (name, *self._names.describe(task))
        self._arrivals[here] += 1
        known = self._places.get((*here, self._arrivals[here]), [])
        at = next((at for at in known if at >= self._next), None)
        if at is None or not (self._lenient or at == self._next):
            return None
        self._next = at + 1
        return self._turns[at]

    def _taken(self, turn: Turn, enabled: list[Any], step: int) -> Any:
        if turn.to == FAIR:
            raise Fairly
        for task in enabled:
            if self._names.label(task) == turn.to:
                return task
        if self._lenient:
            return None
        raise Diverged(
            f"diverged at step {step + 1}: expected {self._names.thread(turn.to)} to go on where "
            f"{self._place(turn)}, enabled are {self._can(enabled)}"
        )

    def _refuse_what_cannot_come(self, enabled: list[Any], step: int) -> None:
        awaited = self._awaited
        if awaited is not None and not self._lenient and awaited.thread in self._finished:
            expected = self._expected(awaited)
            raise Diverged(f"diverged at step {step + 1}: expected {expected}, enabled are {self._can(enabled)}")

    def _expected(self, turn: Turn) -> str:
        again = f" for the {_ordinal(turn.nth)} time" if turn.nth > 1 else ""
        return f"{self._names.thread(turn.thread)} to {_words(turn)}{again}"

    def _place(self, turn: Turn) -> str:
        thread = self._names.thread(turn.thread)
        return f"{thread} has ended" if turn.kind == END else f"{thread} is about to {_words(turn)}"

    def _can(self, enabled: list[Any]) -> str:
        return ", ".join(map(self._names.words, enabled))


def _names(tasks: list[Any]) -> str:
    return ", ".join(task.name for task in tasks)


def _words(turn: Turn) -> str:
    return f"{turn.kind} {turn.object}".strip()


def _ordinal(number: int) -> str:
    return f"{number}{'th' if number % 100 in (11, 12, 13) else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"
