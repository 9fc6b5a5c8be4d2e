"""Wakeup trees: which continuations of an execution are still to be explored (Abdulla et al. 2017, section 6)."""

from __future__ import annotations

from collections.abc import Sequence

from harness.strategies.causality import History, Race, clash
from harness.trace import Access


Sleep = dict[int, tuple[Access, ...]]
"""Threads that need not be tried, with what their next step touches."""


class Branch:
    """A thread's step to be taken, and what is to follow it.

    `accesses`: what the step touches, None where that is not known. `doubtful`: it may turn out not
    to be enabled; then what was put beneath it without needing it is in `deferred`.
    """

    __slots__ = ("task", "accesses", "children", "doubtful", "deferred")

    def __init__(self, task: int, accesses: tuple[Access, ...] | None, doubtful: bool = False) -> None:
        self.task = task
        self.accesses = accesses
        self.children: list[Branch] = []
        self.doubtful = doubtful
        self.deferred: list[Branch] = []

    def surprised_by(self, accesses: tuple[Access, ...]) -> bool:
        """Whether the step touched something else than was expected when this was put into the tree."""
        return accesses != self.accesses and (self.accesses is None or set(accesses) != set(self.accesses))

    def path(self) -> list[int]:
        """The threads of the leftmost path, this one first."""
        tasks, branch = [self.task], self
        while branch.children:
            branch = branch.children[0]
            tasks.append(branch.task)
        return tasks


class Reversal:
    """A race the other way: all steps after its first that do not depend on that, then its second.

    `later` is the index of the second step, or its (task, accesses) where it was never carried out.
    """

    __slots__ = ("_history", "_steps", "_last", "_doubtful")

    def __init__(
        self, history: History, race: Race, future: int, later: int | tuple[int, tuple[Access, ...]]
    ) -> None:
        everything = (1 << len(history.steps)) - 1
        self._history = history
        self._steps = everything & ~future & ~((2 << race.first) - 1)
        self._doubtful = race.doubtful
        self._last: tuple[int, tuple[Access, ...]] | None
        if isinstance(later, int):
            self._steps &= ~(1 << later)
            self._last = (history.steps[later].task, history.accesses[later])
        else:
            self._last = later

    def starts_with(self, task: int, accesses: tuple[Access, ...] | None) -> bool:
        """True where `task`'s step is a weak initial: the reversal could as well begin with it.

        That is: it is in the reversal and independent of all before it, or it is not and is independent of all.
        """
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
        """True where one of the steps is `task`'s."""
        return bool(self._steps & self._history.of_task.get(task, 0)) or (self._last is not None and self._last[0] == task)

    def insert(self, branches: list[Branch]) -> bool:
        """Put this among `branches` and below, unless one of them leads to it anyway. True where a branch was added."""
        while self._steps or self._last is not None:
            branch = next((b for b in branches if self.starts_with(b.task, b.accesses)), None)
            if branch is None:
                branches.append(self._as_branch())
                return True
            if branch.doubtful:
                self._settle(branch)
            self._drop(branch.task)
            if not branch.children:
                return False
            branches = branch.children
        return False

    def _settle(self, branch: Branch) -> None:
        """A doubtful step that is part of a certain reversal is certain; one that is not may keep this from happening."""
        if self._steps & self._history.of_task.get(branch.task, 0):
            branch.doubtful = False
        elif self._last is not None and self._last[0] == branch.task:
            branch.doubtful = self._doubtful
        else:
            branch.deferred.append(self._as_branch())

    def _drop(self, task: int) -> None:
        mine = self._steps & self._history.of_task.get(task, 0)
        if mine:
            self._steps ^= mine & -mine
        elif self._last is not None and self._last[0] == task:
            self._last = None

    def _as_branch(self) -> Branch:
        history = self._history
        branches = [
            Branch(history.steps[i].task, history.accesses[i])
            for i in range(self._steps.bit_length())
            if self._steps >> i & 1
        ]
        if self._last is not None:
            branches.append(Branch(*self._last, self._doubtful))
        for upper, lower in zip(branches, branches[1:], strict=False):
            upper.children.append(lower)
        return branches[0]


def asleep_after(sleep: Sleep, task: int, accesses: Sequence[Access]) -> Sleep:
    """Who still sleeps after `task` made a step with these accesses: whoever is independent of it."""
    if not sleep:
        return {}
    return {other: step for other, step in sleep.items() if other != task and not clash(step, accesses)}
