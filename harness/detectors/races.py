"""Data races by happens-before: two accesses to one place, one of them a write, that nothing orders.

Vector clocks after Mattern 1989 and Flanagan, Freund: "FastTrack", PLDI 2009, without its shortcuts:
a trace is short and every pair of program places is wanted, not the first race alone.

What orders two steps is every synchronisation that the steps tell of: the life of threads (start, begin,
end, join), locks, and every operation of a Condition, Event, Semaphore, Barrier, Queue or Future. Of such an
object each operation comes after the earlier ones, because each takes the object's own lock in CPython;
one that only looks (`is_set`) comes after the changes. An attempt that got no lock orders nothing, and
neither does time: a program that sleeps until another has surely finished has a race.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Final, NamedTuple

from harness.trace import GATED, WHOLE, Access, Operation, Step

NOTHING: Final = MappingProxyType[int, Operation]({})

Clock = dict[int, int]


class Race(NamedTuple):
    """Two steps by their index: `first` was carried out before `second`, but nothing made it so."""

    first: int
    second: int


class _Last(NamedTuple):
    """The latest access of one thread from one place in the source to one place in memory."""

    task: int
    time: int
    at: int
    mode: str


_Seen = dict[Hashable, dict[Hashable, dict[Hashable, _Last]]]
"""By object, key, and who accessed it where and how."""


def races(
    steps: Sequence[Step],
    data: Collection[Hashable],
    failed: Collection[int] = (),
    atomic: Collection[Hashable] = (),
) -> list[Race]:
    """The races among `steps`, one for each pair of places in the source, in the order of their second step.

    `data` are the objects that synchronise nothing; those of them that are `atomic` are made for being used by
    several threads at once, so there is no race on them. `failed` are the indexes of steps that asked for a lock
    and did not get it.
    """
    happened = HappensBefore(data)
    found: dict[Hashable, Race] = {}
    seen: _Seen = {}
    for index, step in enumerate(steps):
        accesses = [access for access in step.accesses if access.object in data and access.object not in atomic]
        time = happened.carry_out(step, index in failed)  # what it touches beyond its operation comes after that
        for access in accesses:
            for last in _conflicting(seen, access):
                if not happened.before(last.task, last.time, step.task):
                    sides = (steps[last.at].operation.site, last.mode), (step.operation.site, access.mode)
                    found.setdefault(frozenset(sides), Race(last.at, index))
        for obj, key, mode in accesses:
            last = _Last(step.task, time, index, mode)
            seen.setdefault(obj, {}).setdefault(key, {})[step.task, step.operation.site, mode] = last
    return list(found.values())


def _conflicting(seen: _Seen, access: Access) -> Iterator[_Last]:
    keys = seen.get(access.object, {})
    for key in keys if access.key is WHOLE else (access.key, WHOLE):
        for last in keys.get(key, {}).values():
            if access.mode == "w" or last.mode == "w":
                yield last


def contended(steps: Sequence[Step], pending: Mapping[int, Operation] = NOTHING) -> set[int]:
    """The indexes of steps whose operation touches what another thread touches as well, and one of them changes.

    In the end a thread touches what it waits for at a gate, too: its `pending` operation.
    """
    touched: dict[Hashable, dict[Hashable, dict[int, bool]]] = {}
    waits = [(task, Access(op.object, op.key, op.mode)) for task, op in pending.items() if op.key == GATED]
    for task, (obj, key, mode) in [*((step.task, access) for step in steps for access in step.accesses), *waits]:
        by_task = touched.setdefault(obj, {}).setdefault(key, {})
        by_task[task] = by_task.get(task, False) or mode == "w"
    return {index for index, step in enumerate(steps) if any(_in_conflict(touched, step, a) for a in _own(step))}


def _own(step: Step) -> Iterator[Access]:
    return (access for access in step.accesses if access.object == step.operation.object)


def _in_conflict(touched: dict[Hashable, dict[Hashable, dict[int, bool]]], step: Step, access: Access) -> bool:
    keys = touched[access.object]
    return any(
        task != step.task and (writes or access.mode == "w")
        for key in (keys if access.key is WHOLE else (access.key, WHOLE))
        for task, writes in keys.get(key, {}).items()
    )


class HappensBefore:
    """The causal order of the steps carried out so far; the objects in `ignoring` order nothing."""

    def __init__(self, ignoring: Collection[Hashable] = ()) -> None:
        self._ignored = ignoring
        self._clocks: dict[int, Clock] = {}
        self._objects: dict[Hashable, Clock] = {}

    def before(self, task: int, time: int, other: int) -> bool:
        """Whether what `task` did at its `time` happens before all that `other` does from now on."""
        return task == other or time <= self._clocks.get(other, {}).get(task, 0)

    def clock(self, task: int) -> Clock:
        """For each thread, the time up to which all it did happens before what `task` does next."""
        return dict(self._clocks.get(task, {}))

    def carry_out(self, step: Step, failed: bool = False) -> int:
        """One more step; returns its thread's time."""
        clock = self._clocks.setdefault(step.task, {})
        objects = [access for access in self._synchronising(step) if not (failed and _asks(step, access))]
        for access in objects:
            _join(clock, self._objects.get(access.object, {}))
        clock[step.task] = time = clock.get(step.task, 0) + 1
        for access in objects:
            if access.mode == "w":
                _join(self._objects.setdefault(access.object, {}), clock)
        return time

    def _synchronising(self, step: Step) -> list[Access]:
        released = [Access(lock, WHOLE, "w") for lock in step.released]
        return [access for access in (*step.accesses, *released) if access.object not in self._ignored]


def _asks(step: Step, access: Access) -> bool:
    return access.object == step.operation.object


def _join(clock: Clock, other: Clock) -> None:
    for task, time in other.items():
        if time > clock.get(task, 0):
            clock[task] = time
