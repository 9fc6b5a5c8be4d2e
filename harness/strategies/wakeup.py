"""Wakeup trees: which continuations of an execution are still to be explored (Abdulla et al. 2017, section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from harness.strategies.causality import History, Race, clash
from harness.trace import Access

Accesses = tuple[Access, ...]

Sleep = dict[int, Accesses]
"""Threads that need not be tried, with what their next step touches."""


Written = tuple[tuple[int, Accesses | None, bool], ...]
"""A path of branches as plain values: task, accesses, doubtful."""


class Branch:
    """A thread's step to be taken, and what is to follow it.

    `accesses`: what the step touches, None where that is not known. `doubtful`: it may turn out not
    to be enabled; then what was put beneath it without needing it is in `deferred`.
    """

    __slots__ = ("task", "accesses", "children", "doubtful", "deferred")

    def __init__(self, task: int, accesses: Accesses | None, doubtful: bool = False) -> None:
        self.task = task
        self.accesses = accesses
        self.children: list[Branch] = []
        self.doubtful = doubtful
        self.deferred: list[Branch] = []

    def paths(self) -> Iterator[list[Branch]]:
        """Every path from here to a leaf, leftmost first, and what was deferred on the way."""
        todo = [[self]]
        while todo:
            path = todo.pop()
            below = path[-1].children
            if not below:
                yield path
            todo.extend([*path, child] for child in reversed(below))
            todo.extend([*path[:-1], branch] for branch in path[-1].deferred)

    def surprised_by(self, accesses: Accesses) -> bool:
        """Whether the step touched something else than was expected when this was put into the tree."""
        return accesses != self.accesses and (self.accesses is None or set(accesses) != set(self.accesses))

    def path(self) -> list[int]:
        """The threads of the leftmost path, this one first."""
        tasks, branch = [self.task], self
        while branch.children:
            branch = branch.children[0]
            tasks.append(branch.task)
        return tasks


class Continuation(Protocol):
    """A sequence of steps to be explored from some node."""

    def starts_with(self, task: int, accesses: Accesses | None) -> bool:
        """True where `task`'s step is a weak initial: the sequence could as well begin with it.

        That is: it is in the sequence and independent of all before it, or it is not and is independent of all.
        """

    def includes(self, task: int) -> bool:
        """True where one of the steps is `task`'s."""

    def drop(self, task: int) -> None:
        """Leave out `task`'s first step, if there is one."""

    def empty(self) -> bool:
        """True where no step is left."""

    def doubtful(self, task: int) -> bool:
        """True where `task`'s first step is here and may not be possible."""

    def branch(self) -> Branch:
        """As a branch that has only one path. Not for an empty sequence."""


class Reversal:
    """A race the other way: all steps after its first that do not depend on that, then its second.

    `later` is the index of the second step, or its (task, accesses) where it was never carried out.
    """

    __slots__ = ("_history", "_steps", "_last", "_doubtful")

    def __init__(self, history: History, race: Race, future: int, later: int | tuple[int, Accesses]) -> None:
        everything = (1 << len(history.steps)) - 1
        self._history = history
        self._steps = everything & ~future & ~((2 << race.first) - 1)
        self._doubtful = race.doubtful
        self._last: tuple[int, Accesses] | None
        if isinstance(later, int):
            self._steps &= ~(1 << later)
            self._last = (history.steps[later].task, history.accesses[later])
        else:
            self._last = later

    def starts_with(self, task: int, accesses: Accesses | None) -> bool:
        """As in Continuation."""
        mine = self._steps & self._history.of_task.get(task, 0)
        if accesses is None:
            return not self._steps & ((mine & -mine) - 1) if mine else False
        conflicting = self._history.conflicting(accesses) & self._steps
        if mine:
            return not conflicting & ((mine & -mine) - 1)
        if conflicting:
            return False
        return self._last is None or self._last[0] == task or not clash(accesses, self._last[1])

    def includes(self, task: int) -> bool:
        """As in Continuation."""
        if self._last is not None and self._last[0] == task:
            return True
        return bool(self._steps & self._history.of_task.get(task, 0))

    def drop(self, task: int) -> None:
        """As in Continuation."""
        mine = self._steps & self._history.of_task.get(task, 0)
        if mine:
            self._steps ^= mine & -mine
        elif self._last is not None and self._last[0] == task:
            self._last = None

    def empty(self) -> bool:
        """As in Continuation."""
        return not self._steps and self._last is None

    def doubtful(self, task: int) -> bool:
        """As in Continuation."""
        return self._doubtful and not self._steps & self._history.of_task.get(task, 0)

    def branch(self) -> Branch:
        """As in Continuation."""
        history = self._history
        branches = [
            Branch(history.steps[i].task, history.accesses[i])
            for i in range(self._steps.bit_length())
            if self._steps >> i & 1
        ]
        if self._last is not None:
            branches.append(Branch(*self._last, self._doubtful))
        return chain(branches)


class Listed:
    """A continuation that is written down, step by step, so that it can go from one search to another."""

    def __init__(self, branches: list[Branch]) -> None:
        self._branches = list(branches)

    @classmethod
    def of(cls, written: Written) -> Listed:
        """What `written` gave of a branch's path."""
        return cls([Branch(*step) for step in written])

    def starts_with(self, task: int, accesses: Accesses | None) -> bool:
        """As in Continuation."""
        for branch in self._branches:
            if branch.task == task:
                return True
            if accesses is None or branch.accesses is None or clash(accesses, branch.accesses):
                return False
        return True

    def includes(self, task: int) -> bool:
        """As in Continuation."""
        return any(branch.task == task for branch in self._branches)

    def drop(self, task: int) -> None:
        """As in Continuation."""
        found = next((branch for branch in self._branches if branch.task == task), None)
        if found is not None:
            self._branches.remove(found)

    def empty(self) -> bool:
        """As in Continuation."""
        return not self._branches

    def doubtful(self, task: int) -> bool:
        """As in Continuation."""
        return next((branch.doubtful for branch in self._branches if branch.task == task), False)

    def branch(self) -> Branch:
        """As in Continuation."""
        return chain([Branch(branch.task, branch.accesses, branch.doubtful) for branch in self._branches])


def insert(continuation: Continuation, branches: list[Branch]) -> None:
    """Put `continuation` among `branches` and below, unless one of them leads to it anyway. It is used up by that."""
    while not continuation.empty():
        branch = next((b for b in branches if continuation.starts_with(b.task, b.accesses)), None)
        if branch is None:
            branches.append(continuation.branch())
            return
        if branch.doubtful and continuation.includes(branch.task):
            branch.doubtful = continuation.doubtful(branch.task)
        elif branch.doubtful:
            branch.deferred.append(continuation.branch())
        continuation.drop(branch.task)
        if not branch.children:
            return
        branches = branch.children


def written(branch: Branch) -> tuple[Written, ...]:
    """All that `insert` has to be given, in this order, to make the same tree again."""
    return tuple(tuple((step.task, step.accesses, step.doubtful) for step in path) for path in branch.paths())


def chain(branches: list[Branch]) -> Branch:
    """The first of `branches`, with the others beneath it in a row."""
    for upper, lower in zip(branches, branches[1:], strict=False):
        upper.children.append(lower)
    return branches[0]


def asleep_after(sleep: Sleep, task: int, accesses: Sequence[Access]) -> Sleep:
    """Who still sleeps after `task` made a step with these accesses: whoever is independent of it."""
    if not sleep:
        return {}
    return {other: step for other, step in sleep.items() if other != task and not clash(step, accesses)}
