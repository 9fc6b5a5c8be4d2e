"""Circles in the order in which threads take locks: deadlocks that did not happen, but may.

After Havelund: "Using Runtime Analysis to Guide Model Checking of Java Programs" (Goodlock), SPIN 2000,
with the two well-known reasons why a circle cannot close: a lock that two of the threads hold both
times (a gate), and an order of the two waits that something else than these locks forces (start and join,
an event, a queue …; races.py says what orders). What remains may still be impossible, because one
thread does what it does only if another one did not: so it is a reason to look, never a verdict.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterator, Sequence
from typing import NamedTuple

from harness.detectors.races import Clock, HappensBefore
from harness.trace import Step

LONGEST = 5
"""Threads in a circle, at most."""

MOST = 10
"""Circles that are reported, at most."""


class Want(NamedTuple):
    """At step `index`, `task` asked for `lock`, holding others: `held` says since which step each."""

    index: int  # type: ignore[assignment]  # hides a tuple's method, which nobody needs
    task: int
    lock: Hashable
    held: tuple[tuple[Hashable, int], ...]
    time: int
    clock: Clock

    def since(self, lock: Hashable) -> int:
        """The step in which the lock was taken."""
        return dict(self.held)[lock]

    def concurrent(self, other: Want) -> bool:
        """Whether nothing but locks puts the two requests in an order."""
        mine, others = self.clock.get(other.task, 0), other.clock.get(self.task, 0)
        return self.time > others and other.time > mine


class Member(NamedTuple):
    """One thread of a circle: the lock it holds and the one it wants, each with the step in which it asked."""

    task: int
    holds: Hashable
    since: int
    wants: Hashable
    at: int


def circles(
    steps: Sequence[Step], locks: Collection[Hashable], data: Collection[Hashable], failed: Collection[int] = ()
) -> list[tuple[Member, ...]]:
    """The circles, each once, beginning with the thread that was started first.

    `locks` are the locks among the objects, `data` what synchronises nothing, `failed` the steps that got no lock.
    """
    wants = list(_wants(steps, locks, data, failed))
    found: dict[Hashable, tuple[Member, ...]] = {}
    for want in wants:
        for circle in _close([want], wants):
            members = _members(circle)
            found.setdefault(tuple((m.task, m.holds, m.wants) for m in members), members)
            if len(found) == MOST:
                return list(found.values())
    return list(found.values())


def _wants(
    steps: Sequence[Step], locks: Collection[Hashable], data: Collection[Hashable], failed: Collection[int]
) -> Iterator[Want]:
    happened = HappensBefore(frozenset(locks) | frozenset(data))
    holders: dict[int, dict[Hashable, int]] = {}
    for index, step in enumerate(steps):
        held = holders.setdefault(step.task, {})
        time = happened.carry_out(step)
        for lock in _taken(step, locks) if index not in failed else ():
            if held and lock not in held and not _gives_up(step):
                yield Want(index, step.task, lock, tuple(held.items()), time, happened.clock(step.task))
            held[lock] = index
        for lock in step.released:
            for others in holders.values():
                others.pop(lock, None)


def _taken(step: Step, locks: Collection[Hashable]) -> list[Hashable]:
    """The locks that the step took: its own, or the one that a Condition's wait takes back."""
    kind, obj = step.operation.kind, step.operation.object
    if kind in ("acquire", "try_acquire"):
        return [obj] if obj in locks else []
    if kind == "wake":
        return [a.object for a in step.accesses if a.object in locks and a.object not in step.released]
    return []


def _gives_up(step: Step) -> bool:
    """An attempt with a time limit, or none at all, closes no circle."""
    return step.operation.kind == "try_acquire" or step.operation.key == "timeout"


def _close(path: list[Want], wants: Sequence[Want]) -> Iterator[list[Want]]:
    """The circles that begin with `path`; its first thread is the one with the lowest number."""
    last, first = path[-1], path[0]
    for want in wants:
        if want.task <= first.task or any(want.task == other.task for other in path):
            continue
        if last.lock not in dict(want.held) or not all(_compatible(want, other) for other in path):
            continue
        if want.lock in dict(first.held):
            yield [*path, want]
        elif len(path) < LONGEST - 1:
            yield from _close([*path, want], wants)


def _compatible(one: Want, other: Want) -> bool:
    return one.concurrent(other) and not {lock for lock, _ in one.held} & {lock for lock, _ in other.held}


def _members(circle: list[Want]) -> tuple[Member, ...]:
    """Each member holds what the one before it wants."""
    return tuple(
        Member(want.task, before.lock, want.since(before.lock), want.lock, want.index)
        for before, want in zip([circle[-1], *circle], circle, strict=False)
    )
