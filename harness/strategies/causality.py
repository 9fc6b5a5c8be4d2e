"""Happens-before over the steps of one execution, and the races that could have gone the other way.

Sets of steps are integers with one bit per step: `past[i]` has the bits of all steps that happen
before step i, and its own. Steps are pushed at the end and truncated from the end, so that
executions with a common prefix share the work done for it.

Two steps are dependent where their accesses conflict. To the recorded accesses come: a write of
each lock given up (a release happens before the next acquire), a write of `STARTS` where a thread is
started (threads are numbered in order of start), and `EXIT`, which the program's exit writes and the
end of each thread reads; the engine has every step of a daemon read it. A change of the virtual time
is a barrier: it happens only when nobody is enabled. Where timeouts may fire early that is never so: then they write
`CLOCK`, which those read who look at the time.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from harness.trace import EXIT, GATED, WHOLE, Access, Operation, Step, conflict

STARTS: Final = ("starts",)

ALWAYS_ENABLED = frozenset(
    ("read", "write", "begin", "end", "start", "is_alive", "enumerate", "import", "request", "release", "try_acquire",
     "locked", "wait", "notify", "set", "clear", "is_set", "reset", "abort", "n_waiting", "broken", "put", "get",
     "task_done", "qsize", "empty", "full", "shutdown", "submit", "run", "cancel", "cancelled", "running", "done",
     "result", "set_result", "add_done_callback", "time")
)  # fmt: skip
"""Kinds that are enabled whenever their thread comes to them, unless they are gated; they may block inside.

Others are looked at closely."""

TIMED: Final = "timeout"
"""The key of an operation that gives up after a while."""


class Race(NamedTuple):
    """Step `first` and a later step (or pending operation) whose order can be reversed.

    `doubtful`: whether the later one is enabled before `first` is not known.
    """

    first: int
    doubtful: bool


class _Place:
    """Which steps touched an object: all of them, and by key."""

    __slots__ = ("reads", "writes", "keys")

    def __init__(self) -> None:
        self.reads = self.writes = 0
        self.keys: dict[Hashable, list[int]] = {}


class History:
    """The steps of the current execution, in order, with their causal order."""

    def __init__(self, early_timeouts: bool = False) -> None:
        self.steps: list[Step] = []
        self._early_timeouts = early_timeouts
        self.accesses: list[tuple[Access, ...]] = []
        self.past: list[int] = []
        self.races: list[list[Race]] = []
        self.of_task: dict[int, int] = {}
        self._direct: list[int] = []
        self._epochs: list[int] = [0]
        self._started: dict[int, int] = {}
        self._places: dict[Hashable, _Place] = {}
        self._locks: set[Hashable] = set()

    def push(self, step: Step) -> None:
        """One more step."""
        i = len(self.steps)
        if i and step.time != self.steps[-1].time and not self._early_timeouts:
            self._epochs.append(i)
        accesses = effective(step)
        self._locks.update(step.released)
        self._learn(step.operation)
        before = self._last(step.task)
        base = self.past[before] if before >= 0 else 0
        conflicting = self.conflicting(accesses)
        self.races.append(self._reversible(step.task, step.operation, before, conflicting & ~base, accesses))
        past = base | ((1 << self._epochs[-1]) - 1) | (1 << i)
        direct = 1 << before if before >= 0 else 0
        rest = conflicting & ~past
        while rest:
            nearest = rest.bit_length() - 1
            direct |= 1 << nearest
            past |= self.past[nearest]
            rest &= ~past
        self.steps.append(step)
        self.accesses.append(accesses)
        self.past.append(past)
        self._direct.append(direct)
        self.of_task[step.task] = self.of_task.get(step.task, 0) | 1 << i
        for child in step.started:
            self._started[child] = i
        for access in accesses:
            self._enter(access, 1 << i)

    def truncate(self, length: int) -> None:
        """Forget all steps from number `length` on."""
        while len(self.steps) > length:
            step = self.steps.pop()
            i = len(self.steps)
            self.of_task[step.task] &= ~(1 << i)
            for child in step.started:
                del self._started[child]
            for access in self.accesses.pop():
                self._leave(access, 1 << i)
            self.past.pop()
            self.races.pop()
            self._direct.pop()
        while self._epochs[-1] >= max(1, length):
            self._epochs.pop()

    def conflicting(self, accesses: Sequence[Access]) -> int:
        """The steps that an access among these conflicts with."""
        found = 0
        for obj, key, mode in accesses:
            place = self._places.get(obj)
            if place is None:
                continue
            if key is WHOLE:
                found |= place.writes if mode == "r" else place.reads | place.writes
                continue
            for part in (key, WHOLE):
                if (touched := place.keys.get(part)) is not None:
                    found |= touched[1] if mode == "r" else touched[0] | touched[1]
        return found

    def direct(self, i: int) -> list[int]:
        """The steps directly before step i: of those that happen before it in its epoch, the last ones."""
        return bits(self._direct[i])

    def epoch(self, i: int) -> int:
        """The first step at the virtual time of step i."""
        return self._epochs[bisect_right(self._epochs, i) - 1]

    def futures(self) -> list[int]:
        """For each step the steps that happen after it."""
        future = [0] * len(self.steps)
        barrier = 0
        epochs = self._epochs
        at = len(epochs) - 1
        for i in range(len(self.steps) - 1, -1, -1):
            if i < epochs[at]:
                barrier = ((1 << len(self.steps)) - 1) & ~((1 << epochs[at]) - 1)
                at -= 1
            mine = future[i] = future[i] | barrier
            mine |= 1 << i
            direct = self._direct[i]
            while direct:
                low = direct & -direct
                future[low.bit_length() - 1] |= mine
                direct ^= low
        return future

    def pending_races(self, task: int, operation: Operation) -> tuple[list[Race], tuple[Access, ...]]:
        """The races of an operation that was never carried out, and what it would have touched, as far as is known."""
        self._learn(operation)
        if (operation.kind, operation.key) == ("acquire", WHOLE) and self.steps[-1].operation.kind != "exit":
            self._locks.add(operation.object)  # a semaphore would not have kept it from beginning
        accesses = self._would_touch(task, operation)
        before = self._last(task)
        if before < 0:
            return [], accesses
        base = self.past[before]
        races = self._reversible(task, operation, before, self.conflicting(accesses) & ~base, accesses)
        seen = {race.first for race in races}
        for i in range(before + 1, len(self.steps)):
            disabled = i + 1 == len(self.steps) or task not in self.steps[i + 1].enabled
            if disabled and task in self.steps[i].enabled and i not in seen:
                races.append(Race(i, False))
        return races, accesses

    def _learn(self, operation: Operation) -> None:
        """That an object is a lock; an acquire alone may be a semaphore's."""
        if operation.kind in ("try_acquire", "locked", "request") or operation.key == TIMED:
            self._locks.add(operation.object)

    def _would_touch(self, task: int, operation: Operation) -> tuple[Access, ...]:
        accesses = []
        if operation.object is not None:
            accesses.append(Access(operation.object, operation.key, operation.mode))
        if operation.kind == "wake":
            accesses.extend(Access(lock, WHOLE, "w") for lock in self._given_up_by_waiting(task))
        if self.steps and self.steps[-1].operation.kind == "exit":
            accesses.append(Access(EXIT, WHOLE, "r"))
        return tuple(accesses)

    def _given_up_by_waiting(self, task: int) -> tuple[Hashable, ...]:
        """The locks that `task`, which is blocked inside an operation, gave up when that began."""
        mine = self.of_task.get(task, 0)
        while mine:
            step = self.steps[mine.bit_length() - 1]
            if step.operation.kind != "wake":
                return step.released
            mine ^= 1 << mine.bit_length() - 1
        return ()

    def _last(self, task: int) -> int:
        """The step before `task`'s next one: its own last or the one that started it; -1 for main's first."""
        mine = self.of_task.get(task, 0)
        return mine.bit_length() - 1 if mine else self._started.get(task, -1)

    def _enter(self, access: Access, bit: int) -> None:
        obj, key, mode = access
        place = self._places.get(obj)
        if place is None:
            place = self._places[obj] = _Place()
        touched = place.keys.setdefault(key, [0, 0])
        if mode == "r":
            place.reads |= bit
            touched[0] |= bit
        else:
            place.writes |= bit
            touched[1] |= bit

    def _leave(self, access: Access, bit: int) -> None:
        obj, key, _ = access
        place = self._places[obj]
        place.reads &= ~bit
        place.writes &= ~bit
        touched = place.keys[key]
        touched[0] &= ~bit
        touched[1] &= ~bit

    # Which races can be reversed.

    def _reversible(
        self, task: int, operation: Operation, before: int, candidates: int, accesses: tuple[Access, ...]
    ) -> list[Race]:
        """The races of `task`'s `operation` with the `candidates`, nearest first; its thread's last step is `before`.

        A race behind another one that can be reversed is left out: it turns up when that one has
        been reversed. One behind steps that only *enabled* the operation does not hide so.
        """
        races: list[Race] = []
        if not candidates:
            return races
        always = operation.kind in ALWAYS_ENABLED and operation.key != GATED
        changes = 0 if always else self.conflicting([Access(obj, key, "r") for obj, key, _ in accesses])
        while candidates:
            first = candidates.bit_length() - 1
            possible = always or self._enabled_before(first, task, operation, before, changes)
            if possible is None and before < first:
                possible = self._as_seen(first, task, before, accesses)
            if possible is not False:
                races.append(Race(first, possible is None))
            candidates &= ~(self.past[first] if possible else 1 << first)
        return races

    def _enabled_before(self, first: int, task: int, operation: Operation, before: int, changes: int) -> bool | None:
        """Whether `operation` would be enabled with `first`, and all that happens after it, undone. None: not known.

        What enables an operation are the objects it touches, here changed by the steps `changes`.
        Where the thread was waiting already when `first` was chosen and nothing else changed them
        since, the recorded choice tells. Else it takes knowledge of the operation.
        """
        if operation.kind == "exit":
            return self._others_end_without(first)
        asleep = operation.kind in ("sleep", "look")
        if before < first and (asleep or not self._others_since(first, changes)):
            return task in self.steps[first].enabled
        if self._early_timeouts and (asleep or operation.key == TIMED):
            return True
        if asleep:
            return before >= self._epochs[-1]
        if operation.key == GATED:
            return self._ready_before(first, operation)
        if operation.kind == "acquire":
            free = self._free_without(first, operation.object)
            in_time = before >= self.epoch(first) and self.steps[before].operation.kind != "request"
            return free if free or in_time or operation.key != TIMED else None
        if operation.kind == "join" and isinstance(operation.object, tuple):
            joined = operation.object[1]  # before it is started a thread cannot be waited for: an error, at once
            return joined in self.steps[first].started or joined in self._ended_without(first)
        return None

    def _others_since(self, first: int, changes: int) -> bool:
        rest = changes >> first + 1
        i = first + 1
        while rest:
            if rest & 1 and not self.past[i] >> first & 1:
                return True
            rest >>= 1
            i += 1
        return False

    def _ready_before(self, first: int, operation: Operation) -> bool | None:
        """Whether the operation could have gone through just before step `first`, if that worked on the same object.

        All that was done to the object since then comes after `first`.
        """
        ready = dict(self.steps[first].ready).get(operation.object)
        return None if ready is None else operation.kind in ready

    def _as_seen(self, first: int, task: int, before: int, accesses: Sequence[Access]) -> bool | None:
        """The same of an operation of which nothing is known, as inferred from when it was enabled before.

        Whether it is enabled depends on several objects, each of which must let it go on; how one stands is known by
        who changed it last.
        """
        places = {obj: self._places[obj].writes for obj, _, _ in accesses if obj in self._places}

        def standing(steps: int) -> set[tuple[Hashable, int]]:
            return {(obj, (writes & steps).bit_length()) for obj, writes in places.items()}

        opened: set[tuple[Hashable, int]] = set()
        closed = []
        for i in range(max(before + 1, self.epoch(first)), len(self.steps)):
            if self.steps[i].time != self.steps[first].time:
                break
            if task in self.steps[i].enabled:
                opened |= standing((1 << i) - 1)
            else:
                closed.append(standing((1 << i) - 1))
        here = standing(sum(1 << i for i in range(len(self.steps)) if i != first and not self.past[i] >> first & 1))
        if here <= opened:
            return True
        return False if any(there - opened <= here for there in closed) else None

    def _free_without(self, first: int, lock: Hashable) -> bool | None:
        """Whether the lock is free with step `first`, and all that happens after it, undone."""
        step = self.steps[first]
        held = False if lock in self._locks else None
        kind = step.operation.kind if step.operation.object == lock else ""
        if kind == "acquire" and step.operation.key != TIMED:
            return True
        if step.operation.kind == "wake" and Access(lock, WHOLE, "w") in step.accesses:
            return True
        if lock in step.released:
            return held
        changes = self._places[lock].writes if lock in self._places else 0
        if kind not in ("try_acquire", "locked", "acquire", "request") and changes >> first & 1:
            return None
        while changes:
            i = changes.bit_length() - 1
            last = self.steps[i]
            if i != first and not self.past[i] >> first & 1 and last.operation.kind != "request":
                if lock in last.released:
                    return True
                return held if last.operation.kind in ("acquire", "try_acquire", "wake") else None
            changes ^= 1 << i
        return True if lock in self._locks else None

    def _others_end_without(self, first: int) -> bool:
        """Whether every thread but main, unless it is a daemon, ends without step `first`."""
        waited_for = {step.task for step in self.steps if step.task and Access(EXIT, WHOLE, "r") not in step.accesses}
        return waited_for <= self._ended_without(first)

    def _ended_without(self, first: int) -> set[int]:
        """The threads that have an end which does not come after step `first`."""
        ends = [(step.task, past) for step, past in zip(self.steps, self.past, strict=False) if step.finished]
        return {task for task, past in ends if not past >> first & 1}


def bits(steps: int) -> list[int]:
    """The numbers of the steps in a set of them, ascending."""
    found = []
    while steps:
        low = steps & -steps
        found.append(low.bit_length() - 1)
        steps ^= low
    return found


def effective(step: Step) -> tuple[Access, ...]:
    """All accesses of a step that order it with others."""
    accesses = step.accesses
    if step.released:
        accesses += tuple(Access(lock, WHOLE, "w") for lock in step.released)
    if step.started:
        accesses += (Access(STARTS, WHOLE, "w"),)
    if step.finished:
        accesses += (Access(EXIT, WHOLE, "r"),)
    if step.operation.kind == "exit":
        accesses += (Access(EXIT, WHOLE, "w"),)
    return accesses


def clash(some: Sequence[Access], others: Sequence[Access]) -> bool:
    """True where two accesses, one of each, conflict."""
    return any(conflict(a, b) for a in some for b in others)
