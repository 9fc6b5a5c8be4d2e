"""All interleavings of an abstract program, sorted into equivalence classes: what a search is measured against.

Shares no code with the search. A prefix of an execution is named by its events, an event by its
thread, the event before it in its thread, and the earlier events it conflicts with: prefixes with
the same names differ only in the order of independent steps. That they then lead to the same state
is asserted, for it is what every partial-order reduction lives on.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from harness.trace import WHOLE, Access, Step, conflict
from tests.model import End, Machine, Program


class Traces(NamedTuple):
    """`count` classes of complete executions (Mazurkiewicz traces) and how they end; `prefixes` classes in all.

    `cleared`: some of them clear an event that is set.
    """

    count: int
    ends: frozenset[End]
    prefixes: int
    cleared: bool


class TooMany(Exception):
    """The program has more classes than the caller is willing to wait for."""


class Namer:
    """Gives each event a number that is equal exactly for equal causal histories."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def event(self, step: Step, before: tuple[int, ...], earlier: tuple[tuple[int, Step], ...]) -> int:
        """`before`: the last event of each thread; `earlier`: all events so far."""
        own = before[step.task]
        causes = frozenset(number for number, other in earlier if dependent(other, step))
        return self._numbers.setdefault((step.task, own, causes), len(self._numbers) + 1)


def name(namer: Namer, steps: tuple[Step, ...]) -> frozenset[int]:
    """The class of a whole execution."""
    last: dict[int, int] = {}
    earlier: tuple[tuple[int, Step], ...] = ()
    for step in steps:
        number = namer.event(step, tuple(last.get(task, 0) for task in range(step.task + 1)), earlier)
        last[step.task] = number
        earlier = (*earlier, (number, step))
    return frozenset(last.values())


def dependent(a: Step, b: Step) -> bool:
    """True where the order of two steps can matter."""
    return a.time != b.time or any(conflict(x, y) for x in touched(a) for y in touched(b))


def touched(step: Step) -> list[Access]:
    """A step's accesses, and that it gives a lock up, numbers a new thread, or ends one (which exit waits for)."""
    more = [Access(lock, WHOLE, "w") for lock in step.released]
    if step.started:
        more.append(Access("number of threads", WHOLE, "w"))
    if step.finished:
        more.append(Access("exit", WHOLE, "r"))
    return [*step.accesses, *more]


def traces(program: Program, limit: int = 20_000) -> Traces:
    """Every class of executions of `program`. Raises TooMany above `limit` classes of prefixes."""
    namer = Namer()
    root = Machine(program)
    seen: dict[tuple[int, ...], Any] = {}
    todo = [(root, (0,) * len(program.bodies), ())]
    complete = 0
    cleared = False
    ends: set[End] = set()
    while todo:
        machine, last, events = todo.pop()
        before = machine.state()
        enabled = machine.enabled()
        if not enabled:
            complete += 1
            ends.add(machine.end())
            cleared = cleared or machine.cleared
        for thread in enabled:
            twin = machine.copy()
            step = twin.step(twin.threads[thread.index], enabled)
            number = namer.event(step, last, events)
            key = (*last[: step.task], number, *last[step.task + 1 :])
            twin.enabled()
            if key in seen:
                assert seen[key] == twin.state(), f"steps that conflict say they do not: {before} {step}"
                continue
            seen[key] = twin.state()
            if len(seen) > limit:
                raise TooMany
            todo.append((twin, key, (*events, (number, step))))
    return Traces(complete, frozenset(ends), len(seen), cleared)


def interleavings(program: Program, preemptions: int, limit: int = 50_000) -> frozenset[End]:
    """How the executions with at most that many preemptions end; plainly all of them, with no reduction at all."""
    ends: set[End] = set()
    todo: list[tuple[Machine, int | None, int]] = [(Machine(program), None, preemptions)]
    count = 0
    while todo:
        machine, running, left = todo.pop()
        enabled = machine.enabled()
        if not enabled:
            ends.add(machine.end())
            count += 1
            if count > limit:
                raise TooMany
        can_go_on = any(thread.index == running for thread in enabled)
        for thread in enabled:
            cost = int(can_go_on and thread.index != running)
            if cost <= left:
                twin = machine.copy()
                twin.step(twin.threads[thread.index], enabled)
                todo.append((twin, thread.index, left - cost))
    return frozenset(ends)
