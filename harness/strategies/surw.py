"""Selectively uniform random walk: the orders of the interesting events are sampled uniformly.

Zhao, Wolff, Mathur, Roychoudhury: "Selectively Uniform Concurrency Testing", ASPLOS 2025. A random
walk favours threads with few events left. Here the thread whose interesting event comes next is
drawn with a probability proportional to how many of these each thread still has; until it has
carried that out, other threads may do everything but interesting events. A thread that has not been
started yet counts with the thread that will start it.

Deviations: the counts come from one profiling execution (of two, the longer), and interesting are, in each execution
anew, the events on one location that two threads touch in it and one writes (or, as one more choice,
on all such locations). Events carried out while only one thread is enabled are not counted. Where
the drawn thread is not enabled and all others stand before interesting events, another is drawn.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable
from typing import Any

from harness.strategies import Profile, Strategy
from harness.trace import GATED, WHOLE, Operation

Location = tuple[Hashable, Hashable]


class Surw(Strategy):
    """Uniform over the interesting events, a plain random walk over all others."""

    name = "surw"
    wants_locations = True

    def __init__(self, seed: int, profile: Profile) -> None:
        super().__init__(seed, profile)
        self._shared = shared_locations(profile)
        self._parents = {operation.object: task for task, operation in profile.kinds if operation.kind == "start"}
        self._interesting: frozenset[Location] = frozenset()
        self._left: Counter[int] = Counter()
        self._met: set[int] = set()
        self._held_back: set[int] = set()
        self._intended: int | None = None

    def begin(self, index: int) -> bool:
        """Draws what is interesting this time, and counts it by thread, each with all it will start."""
        super().begin(index)
        choice = self.random.randrange(len(self._shared) + 1)
        self._interesting = frozenset(self._shared[choice : choice + 1] or self._shared)
        events = Counter(task for task, operation in self.profile.kinds if _location(operation) in self._interesting)
        self._left = Counter()
        for thread in range(self.profile.threads):
            ancestor: int | None = thread
            while ancestor is not None and events[thread]:
                self._left[ancestor] += events[thread]
                ancestor = self._parents.get(("thread", ancestor))
        self._met = {0}
        self._held_back = set()
        self._intended = None
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """Any enabled thread that is not held back before an interesting event."""
        for task in enabled:
            if task.index not in self._met:
                self._meet(task.index)
        while True:
            free = [task for task in enabled if task.index not in self._held_back]
            if not free:
                self._held_back.clear()
                self._intended = None
                continue
            chosen = free[int(self.random.random() * len(free))]
            if _location(chosen.pending) not in self._interesting or self._may_go(chosen.index, free):
                return chosen
            self._held_back.add(chosen.index)

    def _may_go(self, thread: int, free: list[Any]) -> bool:
        """Whether `thread` is the one whose interesting event comes next; if so, it is counted as done."""
        self._left[thread] = max(1, self._left[thread])
        if self._intended is None:
            weights = [self._left[task.index] for task in free]
            self._intended = self.random.choices(free, weights)[0].index
        if thread != self._intended:
            return False
        self._left[thread] -= 1
        self._held_back.clear()
        self._intended = None
        return True

    def _meet(self, thread: int) -> None:
        """A thread has been started: its events no longer count with its parent, nor does a draw they won."""
        self._met.add(thread)
        parent = self._parents.get(("thread", thread))
        if parent is None:
            return
        if self._intended == parent and self.random.random() * max(1, self._left[parent]) < self._left[thread]:
            self._intended = thread
        self._left[parent] = max(0, self._left[parent] - self._left[thread])


def shared_locations(profile: Profile) -> list[Location]:
    """The locations that at least two threads touch and one does more than look at, in order of their first event."""
    threads: dict[Location, set[int]] = {}
    written: set[Location] = set()
    for task, operation in profile.kinds:
        if operation.object is not None and operation.kind not in ("begin", "end", "start", "join", "exit"):
            threads.setdefault(_location(operation), set()).add(task)
            if operation.mode == "w":
                written.add(_location(operation))
    return [location for location, tasks in threads.items() if len(tasks) > 1 and location in written]


def _location(operation: Operation) -> Location:
    return operation.object, WHOLE if operation.key == GATED else operation.key
