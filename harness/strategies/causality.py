"""Happens-before over the steps of one execution, and the races that could have gone the other way.

Sets of steps are integers with one bit per step: `past[i]` has the bits of all steps that happen
before step i, and its own. Steps are pushed at the end and truncated from the end, so that
executions with a common prefix share the work done for it.

Two steps are dependent where their accesses conflict. To the recorded accesses come: a write of
each lock given up (a release happens before the next acquire), and a write of `STARTS` where a
thread is started (threads are numbered in order of start). A change of the virtual time is a
barrier: it happens only when nobody is enabled.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final, NamedTuple

from harness.trace import WHOLE, Access, Operation, Step, conflict

STARTS: Final = ("starts",)

OBSERVERS = frozenset(
    "read join is_alive begin is_set locked qsize empty full done running cancelled enumerate".split()
)
"""Kinds of operation that never do more than look. Every other kind may write, whatever it did this time."""

ALWAYS_ENABLED = frozenset(
    "read write begin start release try_acquire locked is_alive wait notify set clear is_set reset abort put get"
    " task_done qsize empty full shutdown cancel cancelled running done result add_done_callback set_result run"
    " submit enumerate".split()
)
"""Kinds that are enabled whenever their thread comes to them; they may block inside. Others are looked at closely."""

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

    def __init__(self) -> None:
        self.steps: list[Step] = []
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
        if i and step.time != self.steps[-1].time:
            self._epochs.append(i)
        accesses = effective(step)
        self._locks.update(step.released)
        before = self._last(step.task)
        base = self.past[before] if before >= 0 else 0
        conflicting = self.conflicting(accesses)
        self.races.append(self._reversible(step.task, step.operation, before, conflicting & ~base))
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
        """The races of an operation that was never carried out, and what it would have touched."""
        accesses = self._would_touch(task, operation)
        before = self._last(task)
        base = self.past[before] if before >= 0 else 0
        return self._reversible(task, operation, before, self.conflicting(accesses) & ~base), accesses

    def _would_touch(self, task: int, operation: Operation) -> tuple[Access, ...]:
        accesses = [Access(("thread", task), WHOLE, "w")]
        if operation.object is not None:
            accesses.append(Access(operation.object, operation.key, _most(operation)))
        if operation.kind == "wake":
            mine = self.of_task.get(task, 0)
            while mine and not self.steps[mine.bit_length() - 1].released:
                mine ^= 1 << mine.bit_length() - 1
            if mine:
                released = self.steps[mine.bit_length() - 1].released
                accesses.extend(Access(lock, WHOLE, "w") for lock in released)
        if self.steps and self.steps[-1].operation.kind == "exit":
            accesses.append(Access(self.steps[-1].operation.object, WHOLE, "r"))
        return tuple(accesses)

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

    def _reversible(self, task: int, operation: Operation, before: int, candidates: int) -> list[Race]:
        """The races of `task`'s `operation` with the `candidates`, nearest first.

        A race behind another one that can be reversed is left out: it turns up when that one has
        been reversed. One behind steps that only *enabled* the operation does not hide so.
        """
        races: list[Race] = []
        every = candidates
        while candidates:
            first = candidates.bit_length() - 1
            possible = operation.kind in ALWAYS_ENABLED or self._enabled_before(first, task, operation, before, every)
            if possible is not False:
                races.append(Race(first, possible is None))
            candidates &= ~(self.past[first] if possible else 1 << first)
        return races

    def _enabled_before(self, first: int, task: int, operation: Operation, before: int, candidates: int) -> bool | None:
        """Whether `operation` would be enabled with `first`, and all that happens after it, undone. None: not known.

        What enables an operation are the objects it touches. Where the thread was waiting already
        when `first` was chosen and nothing else that touches these objects came in between, the
        recorded choice tells. Else it takes knowledge of the operation.
        """
        step = self.steps[first]
        if before < first and (operation.kind == "sleep" or not self._others_between(first, candidates)):
            return task in step.enabled
        if operation.kind == "acquire":
            return self._free_before(first, operation)
        if operation.kind == "join":
            return False if step.finished and operation.key != TIMED else None
        if operation.kind == "exit":
            return not any(
                other.finished and self.past[i] >> first & 1 and not self._daemon(i, operation.object)
                for i, other in enumerate(self.steps)
            )
        return None

    def _others_between(self, first: int, candidates: int) -> bool:
        rest = candidates >> first + 1
        i = first + 1
        while rest:
            if rest & 1 and not self.past[i] >> first & 1:
                return True
            rest >>= 1
            i += 1
        return False

    def _free_before(self, first: int, operation: Operation) -> bool | None:
        """Whether the lock was free just before step `first`."""
        lock, step = operation.object, self.steps[first]
        held = False if operation.key != TIMED and lock in self._locks else None
        kind = step.operation.kind if step.operation.object == lock else ""
        if kind == "acquire" and step.operation.key != TIMED:
            return True
        if step.operation.kind == "wake" and Access(lock, WHOLE, "w") in step.accesses:
            return True
        if lock in step.released:
            return held
        if kind not in ("try_acquire", "locked", "acquire") and self._touches(first, lock):
            return None
        earlier = self._places[lock].writes & (1 << first) - 1 if lock in self._places else 0
        if not earlier:
            return True if lock in self._locks else None
        last = self.steps[earlier.bit_length() - 1]
        if lock in last.released:
            return True
        taken = last.operation.kind == "wake" or (last.operation.kind == "acquire" and last.operation.key != TIMED)
        return held if taken else None

    def _touches(self, i: int, obj: Hashable) -> bool:
        return any(access.object == obj for access in self.accesses[i])

    def _daemon(self, i: int, exit_token: Hashable) -> bool:
        return Access(exit_token, WHOLE, "r") in self.accesses[i]


def effective(step: Step) -> tuple[Access, ...]:
    """All accesses of a step that order it with others."""
    accesses = step.accesses
    if step.released:
        accesses += tuple(Access(lock, WHOLE, "w") for lock in step.released)
    if step.started:
        accesses += (Access(STARTS, WHOLE, "w"),)
    return accesses


def most(step: Step) -> tuple[Access, ...]:
    """All accesses the same operation may make in another context: it may write, and it may end its thread."""
    extra = [Access(("thread", step.task), WHOLE, "w")]
    operation = step.operation
    if operation.object is not None:
        extra.append(Access(operation.object, operation.key, _most(operation)))
    accesses = effective(step)
    return accesses + tuple(access for access in extra if access not in accesses)


def clash(some: Sequence[Access], others: Sequence[Access]) -> bool:
    """True where two accesses, one of each, conflict."""
    return any(conflict(a, b) for a in some for b in others)


def _most(operation: Operation) -> str:
    return "r" if operation.kind in OBSERVERS else "w"
