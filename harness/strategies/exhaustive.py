"""Every interleaving, up to the order of independent steps: optimal dynamic partial-order reduction.

After Abdulla, Aronis, Jonsson, Sagonas: "Source Sets: A Foundation for Optimal Dynamic Partial Order
Reduction", JACM 64(4), 2017. The search is a depth-first walk over executions, kept as a stack with
one node per step of the current execution. A node has the threads that *sleep* there (their next
step was explored from here, so nothing that could as well begin with it needs to be tried again)
and the branches still to be explored (its wakeup tree).

    begin    leave the deepest node with a branch left, by the leftmost path of that branch
    choose   follow that path; beyond it go on freely
    end      for each race in the execution: what would happen if its second step came before its
             first? Unless a sleeping thread covers it, that becomes a branch of the first's node.

A finished search has led through exactly one execution per Mazurkiewicz trace, and none in vain but as said below.

Conventions and deviations: two acquires of one lock are dependent; a release is merged into the step before it, so the
race that matters is with the acquire before it, and the pending acquires of threads that stay blocked are races too
(else the deadlock of a lock order inversion could be missed). Where the paper forbids that a step disables another,
`causality` decides whether the reversed order is possible; where that is not known, the branch is marked doubtful,
tried, and dropped if its step turns out not to be enabled. That, and a step that touches something else when it comes
earlier, can lead to where only sleeping threads can go on; such an execution says `redundant`. It takes an
operation that nothing is known of, or a program that notifies without the lock: none was seen in any other.
Each branch of that kind has at most one before it is dropped or goes on with a thread that is awake. A part that
is explored elsewhere may have more.

Several workers: `split` hands out branches as `Part`s. Other searches, made with `part=`, explore one
each, and what they found outside of their part (`harvest`) is given back to the first (`absorb`). A
part takes nobody else's sleep for a reason to leave something out (its sleepers are drowsy), because
it cannot hear of what is found meanwhile. Whoever splits into a number of parts that does not depend
on the number of workers, and absorbs in their order, gets the same executions with any number.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from harness.strategies import Profile, SearchError, Strategy
from harness.strategies.causality import History, effective
from harness.strategies.wakeup import (
    Branch,
    Continuation,
    Flat,
    Listed,
    Reversal,
    Sleep,
    Written,
    asleep_after,
    flat,
    grown,
    insert,
    written,
)
from harness.trace import Access, Operation, Step

STREAK = 100
"""Free choices in a row for one thread before another's turn comes: a thread that spins must not do so for ever."""

CUT_LENGTH = 1_000
"""Steps of an execution cut by the step bound that are looked at: the search is not going to finish anyway."""


class Part(NamedTuple):
    """A branch to be explored by another search: the steps that lead to it, who sleeps on the way, the branch."""

    steps: tuple[Step, ...]
    sleep: tuple[tuple[Sleep, Sleep], ...]
    branch: tuple[Written, ...]


class Harvest(NamedTuple):
    """What a part's search leaves behind: what its first step touched, what is to be tried outside of it, and where."""

    first: tuple[Access, ...]
    found: tuple[tuple[int, Written], ...]
    finished: bool


class _Node:
    """The state before a step: who sleeps, and what is left to explore.

    `drowsy` are sleepers that should have been woken on the way here. An execution that one of them
    goes on with is redundant, but they are no reason to leave out a branch.
    """

    __slots__ = ("sleep", "drowsy", "branches")

    def __init__(self, sleep: Sleep, drowsy: Sleep) -> None:
        self.sleep = sleep
        self.drowsy = drowsy
        self.branches: list[Branch] = []

    def __getstate__(self) -> tuple[Sleep, Sleep, Flat]:
        return self.sleep, self.drowsy, flat(self.branches)

    def __setstate__(self, state: tuple[Sleep, Sleep, Flat]) -> None:
        self.sleep, self.drowsy = state[:2]
        self.branches = grown(state[2])

    def sleeps(self, task: int) -> bool:
        return task in self.sleep or task in self.drowsy

    def doze(self) -> None:
        """No sleeper is a reason to leave out a branch here any more."""
        self.drowsy = self.drowsy | self.sleep
        self.sleep = {}


class Exhaustive(Strategy):
    """Tries one execution of each equivalence class; `exhausted` when there is none left.

    `wasted`: how many were redundant.

    `longest`: it gives up after an execution that was cut or had more steps, as there is no end in sight then.
    Raises SearchError where a program does not do the same again under the same choices.
    """

    name = "exhaustive"
    wants_steps = True

    def __init__(
        self,
        seed: int,
        profile: Profile,
        early_timeouts: bool = False,
        longest: int | None = None,
        part: Part | None = None,
    ) -> None:
        super().__init__(seed, profile)
        self._early_timeouts, self._longest = early_timeouts, longest
        self._history = History(early_timeouts)
        self._nodes = [_Node({}, {})]
        self._branch: Branch | None = None
        self._path: list[int] = []
        self._from = 0
        self._root = 0
        self._streak = 0
        self._asleep: Sleep = {}
        self._looked = 0
        self._so_far: Callable[[], Sequence[Step]] | None = None
        self._fresh = True
        self._cut = False
        self._parts: list[Part] = []
        self.wasted = 0
        if part is not None:
            self._enter(part)

    def begin(self, index: int) -> bool:
        """Takes up the deepest branch left. `index` tells nothing: the search knows where it is."""
        self.redundant = False
        self._streak = 0
        if self.gave_up:
            return False
        if self._fresh:
            self._fresh = False
            return True
        if self._parts:
            raise ValueError(f"{len(self._parts)} parts have not been absorbed")
        nodes, history = self._nodes, self._history
        while len(nodes) > self._root and not nodes[-1].branches:
            nodes.pop()
        if len(nodes) == self._root:
            self.exhausted = not self._cut
            return False
        at = self._from = len(nodes) - 1
        if at < len(history.steps):
            nodes[at].sleep[history.steps[at].task] = history.accesses[at]
            history.truncate(at)
        self._follow(nodes[at].branches.pop(0))
        return True

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """What the branch asks for; beyond it the running thread, as long as it can and does not only spin."""
        history = self._history.steps
        if step < self._from:
            return self._find(history[step].task, enabled, step)
        while step < self._from + len(self._path):
            wanted = self._path[step - self._from]
            for task in enabled:
                if task.index == wanted:
                    return task
            if not self._drop(step - self._from):
                can = [task.index for task in enabled]
                raise SearchError(f"the search asked for thread {wanted} at step {step}, enabled are {can}")
        enabled = self._awake(enabled)
        self._streak += 1
        if running in enabled and self._streak % STREAK:
            return running
        self._streak = 0
        later = [task for task in enabled if running is not None and task.index > running.index]
        return (later or enabled)[0]

    def watch(self, so_far: Callable[[], Sequence[Step]]) -> None:
        """As for every strategy."""
        self._so_far = so_far

    def _awake(self, enabled: list[Any]) -> list[Any]:
        """Those who do not sleep, if there are any: a step of the branch may have woken fewer than it was to wake."""
        if self._asleep and self._so_far is not None:
            steps = self._so_far()
            for step in steps[self._looked :]:
                self._asleep = asleep_after(self._asleep, step.task, effective(step))
            self._looked = len(steps)
            return [task for task in enabled if task.index not in self._asleep] or enabled
        return enabled

    def end(self, steps: Sequence[Step] | None, pending: dict[int, Operation], cut: bool = False) -> None:
        """Looks for races in the execution and notes what is to be tried because of them."""
        assert steps is not None
        self.gave_up = self._longest is not None and (cut or len(steps) > self._longest)
        if cut:
            self._cut = True
            steps = steps[: max(CUT_LENGTH, self._from + len(self._path) + 1)]  # all that was asked for, at least
        history = self._history
        if list(steps[: self._from]) != history.steps:
            raise SearchError(f"nondeterministic program: {_difference(history.steps, steps)}")
        wasted = self._extend(steps)
        if wasted is not None:
            pending = _blocked(steps, wasted, pending)
            self._give_up(wasted, steps[wasted].enabled)
        futures = history.futures()
        for later, races in enumerate(history.races):
            for race in races:
                self._consider(race.first, Reversal(history, race, futures[race.first], later))
        for task, operation in () if cut else sorted(pending.items()):
            races, accesses = history.pending_races(task, operation)
            for race in races:
                self._consider(race.first, Reversal(history, race, futures[race.first], (task, accesses)))

    # Several workers.

    def split(self, most: int) -> list[Part]:
        """Up to `most` branches, from different nodes, that are now somebody else's. To be absorbed in this order."""
        parts: list[Part] = []
        history, nodes = self._history, self._nodes
        for at, node in enumerate(nodes[self._root :], start=self._root):
            if len(parts) < most and node.branches and not node.branches[0].doubtful and at < len(history.steps):
                node.sleep[history.steps[at].task] = history.accesses[at]
                sleep = tuple((dict(other.sleep), dict(other.drowsy)) for other in nodes[: at + 1])
                del node.sleep[history.steps[at].task]
                parts.append(Part(tuple(history.steps[:at]), sleep, written(node.branches.pop(0))))
        self._parts = list(parts)
        return parts

    def explorer(self, part: Part) -> Exhaustive:
        """A search for one of the parts, as fresh as if it were in another process."""
        return Exhaustive(self.seed, self.profile, self._early_timeouts, self._longest, part)

    def _enter(self, part: Part) -> None:
        for step in part.steps:
            self._history.push(step)
        self._nodes = [_Node(dict(sleep), dict(drowsy)) for sleep, drowsy in part.sleep]
        self._nodes[-1].doze()
        branches: list[Branch] = []
        for path in part.branch:
            insert(Listed.of(path), branches)
        self._from = len(part.steps)
        self._root = self._from + 1
        self._follow(branches[0])

    def harvest(self) -> Harvest:
        """What the first search has to be told, when `begin` has said False or this one is stopped early."""
        found = [
            (at, path)
            for at, node in enumerate(self._nodes[: self._root])
            for branch in node.branches
            for path in written(branch)
        ]
        touched = self._history.accesses[self._root - 1 : self._root]
        return Harvest(touched[0] if touched else (), tuple(found), self.exhausted)

    def absorb(self, part: Part, harvest: Harvest) -> None:
        """The next of the parts handed out is done. If it did not come to its end, neither does this search."""
        assert part is self._parts[0]
        del self._parts[0]
        at = len(part.steps)
        self._nodes[at].sleep[part.branch[0][0][0]] = harvest.first
        self._cut = self._cut or not harvest.finished
        for where, path in harvest.found:
            self._consider(where, Listed.of(path))

    def __getstate__(self) -> dict[str, Any]:
        branch = [] if self._branch is None or not self._fresh else [self._branch]
        return {**self.__dict__, "_branch": flat(branch), "_so_far": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._branch = next(iter(grown(state["_branch"])), None)

    # The stack.

    def _follow(self, branch: Branch) -> None:
        self._branch = branch
        self._path = branch.path()
        node = self._nodes[self._from]
        self._asleep, self._looked = node.drowsy | node.sleep, self._from

    def _extend(self, steps: Sequence[Step]) -> int | None:
        """Push the new steps and their nodes; the index of the first that a sleeping thread made, if any."""
        history, nodes = self._history, self._nodes
        branches = [self._branch] if self._branch is not None else []
        wasted = None
        for i in range(self._from, len(steps)):
            step = steps[i]
            node = nodes[i]
            taken = self._taken(branches, step)
            node.branches.extend(branch for branch in branches if branch is not taken)
            branches = taken.children if taken is not None else []
            if wasted is None and node.sleeps(step.task):
                wasted = i
            history.push(step)
            if taken is not None:
                for continuation in taken.misplaced(history.accesses[i]):
                    insert(continuation, node.branches)
            nodes.append(self._after(node, step.task, history.accesses[i], leaf=not branches))
        if any(not branch.doubtful for branch in branches):
            raise SearchError(f"the execution ended after {len(steps)} steps, before the search's branch did")
        nodes.pop()
        return wasted

    def _after(self, node: _Node, task: int, accesses: tuple[Access, ...], leaf: bool) -> _Node:
        sleep = asleep_after(node.sleep, task, accesses)
        drowsy = asleep_after(node.drowsy, task, accesses)
        return _Node({}, drowsy | sleep) if leaf else _Node(sleep, drowsy)

    def _taken(self, branches: list[Branch], step: Step) -> Branch | None:
        """The branch that `step` follows. Branches before it must have been doubtful, and were not possible."""
        while branches and branches[0].task != step.task:
            first = branches[0]
            if not first.doubtful or first.task in step.enabled:
                raise SearchError(f"the search asked for thread {first.task}, enabled were {step.enabled}")
            del branches[0]
            for continuation in first.misplaced(None):
                insert(continuation, branches)
        return branches[0] if branches else None

    def _drop(self, depth: int) -> bool:
        """The step at `depth` of the path is not enabled: take another way if that was in doubt."""
        assert self._branch is not None
        above, branch = None, self._branch
        for _ in range(depth):
            above, branch = branch, branch.children[0]
        if not branch.doubtful:
            return False
        rest = self._nodes[self._from].branches if above is None else above.children
        if above is not None:
            del rest[0]
        for continuation in branch.misplaced(None):
            insert(continuation, rest)
        if above is None:
            self._branch = rest.pop(0) if rest else None
        self._path = self._branch.path() if self._branch is not None else []
        return True

    def _consider(self, at: int, continuation: Continuation) -> None:
        node = self._nodes[at]
        for task, accesses in node.sleep.items():
            if continuation.starts_with(task, accesses):
                return
        for task, accesses in node.drowsy.items():
            if continuation.includes(task) and continuation.starts_with(task, accesses):
                return
        insert(continuation, node.branches)

    def _give_up(self, at: int, enabled: tuple[int, ...]) -> None:
        """From step `at` on this execution repeats others: forget that, and go on there with a thread that is awake."""
        self.redundant = True
        self.wasted += 1
        node = self._nodes[at]
        del self._nodes[at + 1 :]
        self._history.truncate(at)
        awake = [task for task in enabled if not node.sleeps(task)]
        if awake and not node.branches:
            node.branches.append(Branch(awake[0], None, certain=False))

    def _find(self, wanted: int, enabled: list[Any], step: int) -> Any:
        for task in enabled:
            if task.index == wanted:
                return task
        raise SearchError(f"nondeterministic program: step {step} was made by thread {wanted}, now it is not enabled")


def _blocked(steps: Sequence[Step], at: int, pending: dict[int, Operation]) -> dict[int, Operation]:
    """What the threads that could not go on at step `at` were about to do."""
    following: dict[int, Operation] = {}
    for step in steps[at:]:
        following.setdefault(step.task, step.operation)
    return {task: op for task, op in {**pending, **following}.items() if task not in steps[at].enabled}


def _shown(step: Step) -> str:
    kind, operand, key, _ = step.operation
    return f"{kind} of {key} in object {operand} by thread {step.task}, {len(step.accesses)} accesses"


def _difference(expected: Sequence[Step], steps: Sequence[Step]) -> str:
    for i, (old, new) in enumerate(zip(expected, steps, strict=False)):
        if old != new:
            return f"step {i + 1} was {_shown(old)}, now it is {_shown(new)}"
    return f"it had {len(expected)} steps, now it ends after {len(steps)}"
