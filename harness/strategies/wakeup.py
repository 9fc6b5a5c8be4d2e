"""Wakeup trees: which continuations of an execution are still to be explored (Abdulla et al. 2017, section 6)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from harness.strategies.causality import History, Race, clash
from harness.trace import Access

Accesses = tuple[Access, ...]

Sleep = dict[int, Accesses]
"""Threads that need not be tried, with what their next step touches."""


Written = tuple[tuple[int, "Accesses | None", bool, bool], ...]
"""A path of branches as plain values: task, accesses, certain, doubtful."""


class Branch:
    """A thread's step to be taken, and what is to follow it.

    `accesses`: what the step touches, None where that is not known. They are `certain` where the step
    was seen with nothing else before it than it has here; else it may come to touch something else.
    `doubtful`: it may even turn out not to be enabled. `through` has what was put beneath a branch
    that is not certain, each as it was before that.
    """

    __slots__ = ("task", "accesses", "certain", "doubtful", "children", "through")

    def __init__(self, task: int, accesses: Accesses | None, certain: bool = True, doubtful: bool = False) -> None:
        self.task = task
        self.accesses = accesses
        self.certain = certain
        self.doubtful = doubtful
        self.children: list[Branch] = []
        self.through: list[list[Branch]] = []

    def path(self) -> list[int]:
        """The threads of the leftmost path, this one first."""
        tasks, branch = [self.task], self
        while branch.children:
            branch = branch.children[0]
            tasks.append(branch.task)
        return tasks

    def paths(self) -> Iterator[list[Branch]]:
        """All that `insert` has to be given, in this order, to make the same tree again."""
        todo = [[self]]
        also: list[list[Branch]] = []
        while todo:
            path = todo.pop()
            below = path[-1].children
            if not below:
                yield path
            todo.extend([*path, child] for child in reversed(below))
            also.extend([*path[:-1], *steps] for steps in path[-1].through)
        yield from also

    def misplaced(self, accesses: Accesses | None) -> Iterator[Listed]:
        """What should not be beneath this, as its step touches `accesses`; None: it is not possible."""
        for steps in self.through:
            continuation = Listed(steps)
            if accesses is None:
                if not continuation.includes(self.task):
                    yield continuation
            elif not continuation.starts_with(self.task, accesses):
                yield continuation


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

    def steps(self) -> list[Branch]:
        """All steps, in order, each as a branch of its own."""


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

    def steps(self) -> list[Branch]:
        """As in Continuation."""
        history = self._history
        branches = [
            Branch(history.steps[i].task, history.accesses[i])
            for i in range(self._steps.bit_length())
            if self._steps >> i & 1
        ]
        if self._last is not None:
            branches.append(Branch(*self._last, certain=False, doubtful=self._doubtful))
        return branches


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

    def steps(self) -> list[Branch]:
        """As in Continuation."""
        return [Branch(step.task, step.accesses, step.certain, step.doubtful) for step in self._branches]


def insert(continuation: Continuation, branches: list[Branch]) -> None:
    """Put `continuation` among `branches` and below, unless one of them leads to it anyway. It is used up by that."""
    while not continuation.empty():
        branch = next((b for b in branches if continuation.starts_with(b.task, b.accesses)), None)
        if branch is None:
            steps = continuation.steps()
            for upper, lower in zip(steps, steps[1:], strict=False):
                upper.children.append(lower)
            branches.append(steps[0])
            return
        if not branch.certain:
            branch.through.append(continuation.steps())
        if branch.doubtful and continuation.includes(branch.task):
            branch.doubtful = continuation.doubtful(branch.task)
        continuation.drop(branch.task)
        if not branch.children:
            return
        branches = branch.children


def written(branch: Branch) -> tuple[Written, ...]:
    """The tree as plain values, which `Listed.of` reads and `insert` puts together again."""
    return tuple(tuple(_values(step) for step in path) for path in branch.paths())


Flat = list[tuple["Values", Any, int]]
"""Trees as plain values in one list, in preorder, however deep they are: step, `through`, number of children."""

Values = tuple[int, "Accesses | None", bool, bool]


def _values(branch: Branch) -> Values:
    return branch.task, branch.accesses, branch.certain, branch.doubtful


def flat(branches: Sequence[Branch]) -> Flat:
    """The trees, to be sent to another process."""
    found: Flat = []
    known: dict[Values, Values] = {}  # equal ones are to be one object, which is sent once
    todo = list(reversed(branches))
    while todo:
        branch = todo.pop()
        values = _values(branch)
        through = tuple(tuple(known.setdefault(v, v) for v in map(_values, steps)) for steps in branch.through)
        found.append((known.setdefault(values, values), through, len(branch.children)))
        todo.extend(reversed(branch.children))
    return found


def grown(trees: Flat) -> list[Branch]:
    """The same trees again."""
    roots: list[Branch] = []
    open_below: list[tuple[list[Branch], int]] = []
    for values, through, children in trees:
        branch = Branch(*values)
        branch.through = [[Branch(*other) for other in steps] for steps in through]
        while open_below and len(open_below[-1][0]) == open_below[-1][1]:
            open_below.pop()
        (open_below[-1][0] if open_below else roots).append(branch)
        open_below.append((branch.children, children))
    return roots


def asleep_after(sleep: Sleep, task: int, accesses: Sequence[Access]) -> Sleep:
    """Who still sleeps after `task` made a step with these accesses: whoever is independent of it."""
    if not sleep:
        return {}
    return {other: step for other, step in sleep.items() if other != task and not clash(step, accesses)}
