"""Every interleaving with at most K preemptions: first all without, then all with one, up to K.

After Musuvathi, Qadeer: "Iterative Context Bounding for Systematic Testing of Multithreaded
Programs", PLDI 2007. Leaving a thread that could go on costs one, every other switch is free. A work
item is a prefix of a schedule; after it the running thread goes on for as long as it can. Items of
one cost are all done before the first of the next.

Reduction: two prefixes that differ only in the order of independent steps lead to the same state.
Of these only the first is extended, if it also stops in the same running thread; being first it has
the smaller cost, so everything within the bound is reached from it too. Where an item's last step is
known from an execution that made it later, independent of all before, it need not be executed to see
that it leads to such a prefix. That is sound without any
care for which dependences a bound adds, and simpler than bounded partial-order reduction (Coons,
Musuvathi, McKinley, OOPSLA 2013), but weaker: it visits each class of *prefixes* once, where the
search without a bound visits each class of whole executions.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any

from harness.strategies import Profile, SearchError, Strategy
from harness.strategies.causality import History
from harness.trace import Operation, Step

CUT_LENGTH = 1_000
"""Steps of an execution cut by the step bound that are looked at: the search is not going to finish anyway."""


class Iterative(Strategy):
    """Plain search by number of preemptions. `exhausted` with `bound` None: the bound left nothing out.

    `longest`: it gives up after an execution that was cut or had more steps, as there is no end in sight then.
    """

    name = "exhaustive"
    wants_steps = True

    def __init__(
        self, seed: int, profile: Profile, preemptions: int, early_timeouts: bool = False, longest: int | None = None
    ) -> None:
        super().__init__(seed, profile)
        self._longest = longest
        self.bound: int | None = preemptions
        self._history = History(early_timeouts)
        self._classes = _Classes()
        self._todo: list[list[tuple[tuple[int, ...], Hashable]]] = [[] for _ in range(preemptions + 1)]
        self._todo[0].append(((), None))
        self._cost = 0
        self._path: tuple[int, ...] = ()
        self._left_out = False
        self._cut = False

    def begin(self, index: int) -> bool:
        """Takes up the latest item of the lowest cost. `index` tells nothing: the search knows where it is."""
        self.redundant = False
        if self.gave_up:
            return False
        for cost, items in enumerate(self._todo):
            while items:
                self._path, leads_to = items.pop()
                if leads_to is None or not self._classes.met(leads_to):
                    self._cost = cost
                    return True
        self.exhausted = not self._cut
        if not self._left_out:
            self.bound = None
        return False

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """What the item says; then the running thread, and where it cannot go on, the first."""
        if step >= len(self._path):
            return running if running in enabled else enabled[0]
        for task in enabled:
            if task.index == self._path[step]:
                return task
        asked = f"the search asked for thread {self._path[step]} at step {step}"
        raise SearchError(f"{asked}, enabled are {[task.index for task in enabled]}")

    def end(self, steps: Sequence[Step] | None, pending: dict[int, Operation], cut: bool = False) -> None:
        """Notes the choices that could have been made otherwise, from the last step of the item on."""
        assert steps is not None
        self.gave_up = self._longest is not None and (cut or len(steps) > self._longest)
        if cut:
            self._cut = True
            steps = steps[: max(CUT_LENGTH, len(self._path) + 1)]  # all that was asked for, at least
        self._take_over(steps)
        first = max(0, len(self._path) - 1)
        cost = self._cost
        tasks = tuple(step.task for step in steps)
        for i in range(first, len(steps)):
            task = steps[i].task
            following = steps[i + 1] if i + 1 < len(steps) else None
            can_go_on = following is not None and task in following.enabled
            if not self._classes.enter(i, task if can_go_on else None):
                self.redundant = i == first and bool(self._path)
                return
            if following is not None:
                self._branch(following, tasks[: i + 1], cost + can_go_on)

    def _branch(self, step: Step, before: tuple[int, ...], cost: int) -> None:
        others = [task for task in step.enabled if task != step.task]
        if cost >= len(self._todo):
            self._left_out = self._left_out or bool(others)
            return
        for task in reversed(others):
            leads_to = self._classes.foresee(self._history, len(before), task)
            if leads_to is None or not self._classes.met(leads_to):
                self._todo[cost].append(((*before, task), leads_to))

    def _take_over(self, steps: Sequence[Step]) -> None:
        """The history of the last execution becomes that of this one."""
        history = self._history
        common = 0
        for old, new in zip(history.steps, steps, strict=False):
            if old != new:
                if old.task == new.task:
                    raise SearchError(f"nondeterministic program: step {common} was {old}, now it is {new}")
                break
            common += 1
        if len(steps) < len(self._path) or any(
            step.task != task for step, task in zip(steps, self._path, strict=False)
        ):
            raise SearchError(f"the execution left the path the search asked for: {self._path}")
        history.truncate(common)
        self._classes.truncate(common)
        for step in steps[common:]:
            history.push(step)
            self._classes.push(history)


class _Classes:
    """Names the prefixes of an execution so that equivalent ones have one name, and knows which were met before.

    An event's name stands for its thread and the events directly before it, so for its whole causal
    past; a prefix is named by the last event of each thread.
    """

    def __init__(self) -> None:
        self._events: dict[Hashable, int] = {}
        self._names: list[int] = []
        self._prefixes: list[tuple[tuple[int, int], ...]] = []
        self._met: set[Hashable] = set()

    def truncate(self, length: int) -> None:
        """Forget the names of what comes after the first `length` steps, but not what was met."""
        del self._names[length:]
        del self._prefixes[length:]

    def push(self, history: History) -> None:
        """Name the prefix that ends with the latest step."""
        i = len(self._names)
        epoch = history.epoch(i)
        barrier = self._prefixes[epoch - 1] if epoch else ()
        causes = tuple(sorted(self._names[cause] for cause in history.direct(i)))
        task = history.steps[i].task
        name = self._events.setdefault((task, barrier, causes), len(self._events))
        self._names.append(name)
        others = dict(self._prefixes[i - 1]) if i else {}
        others[task] = name
        self._prefixes.append(tuple(sorted(others.items())))

    def enter(self, i: int, running: int | None) -> bool:
        """Meet the prefix that ends with step i, with `running` able to go on; False where that was met before."""
        place = (self._prefixes[i], running)
        if place in self._met:
            return False
        self._met.add(place)
        return True

    def met(self, place: Hashable) -> bool:
        """Whether this prefix was entered with its last thread running."""
        return place in self._met

    def foresee(self, history: History, at: int, task: int) -> Hashable:
        """Where `task`'s next step would lead if it came at `at`; None where that is not known."""
        coming = history.of_task.get(task, 0) >> at
        if not coming:
            return None
        i = at + (coming & -coming).bit_length() - 1
        if history.past[i] >> at != 1 << i - at:
            return None
        others = dict(self._prefixes[at - 1])
        others[task] = self._names[i]
        return tuple(sorted(others.items())), None if history.steps[i].finished else task
