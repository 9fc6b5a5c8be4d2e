"""A recorded execution explained: steps at their places in the source, data races, deadlocks that may happen."""

from __future__ import annotations

import linecache
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.detectors.lock_order import circles
from harness.detectors.races import Race, races
from harness.execution import Replayed
from harness.outcome import Outcome
from harness.schedule import labels, plain
from harness.strategies.directed import Suspect
from harness.trace import WAITS, WHOLE, Step, TraceStep

_ADDING = re.compile(r"\.(append|appendleft|add)\(")


@dataclass(frozen=True)
class Place:
    """What a thread did where. `locks` are those it held, `value` is empty where the operation has none.

    In a thread that is in no code of the program there is no `file`; `origin` says who started it, and `source` how.
    """

    thread: str
    operation: str
    object: str
    value: str
    file: str
    line: int
    source: str
    locks: tuple[str, ...] = ()
    origin: str = ""

    @staticmethod
    def of(step: TraceStep) -> Place:
        return Place(
            thread=step.thread,
            operation=step.operation,
            object=step.object,
            value="" if is_waiting(step) else step.value,
            file=step.file,
            line=step.line,
            source=step.source or _line(step.origin),
            locks=step.locks,
            origin=step.origin,
        )

    @property
    def where(self) -> str:
        """`bank.py:14`; for a thread of the library's own, who started it: `in the library, for bank.py:9`."""
        if self.file:
            return self.at
        return f"in the library, for {self.at}" if self.origin else "in the library"

    @property
    def at(self) -> str:
        """The place in the program; empty where there is none."""
        return f"{Path(self.file).name}:{self.line}" if self.file else Path(self.origin).name

    def words(self, known: str = "") -> str:
        """`ann's read of Account.balance (bank.py:14)`; the object is not said again where it is the `known` one."""
        of = f" of {self.object}" if self.object and self.object != known else ""
        return f"{self.thread}'s {self.operation}{of} ({self.where})"


@dataclass(frozen=True)
class DataRace:
    """Two accesses to one place in memory, one of them a write, that nothing puts in an order."""

    object: str
    first: Place
    second: Place
    sentence: str


@dataclass(frozen=True)
class PotentialDeadlock:
    """Locks taken in a circle by threads that did not meet there. `wants` are the requests that would wait for ever.

    `suspects` is the same by names as a witness writes them, for a schedule that is steered there; `tried` says what
    came of that.
    """

    holds: tuple[Place, ...]
    wants: tuple[Place, ...]
    sentence: str
    suspects: tuple[Suspect, ...]
    tried: str = ""


def is_waiting(step: TraceStep) -> bool:
    """True for the line that says that a thread stands still: no step was carried out there."""
    return bool(step.waits_on) or step.value == WAITS


def carried_out(replayed: Replayed) -> dict[int, TraceStep]:
    """The steps by their index in the execution's log, without the main thread's first, which has no operation."""
    return {step.step: step for step in replayed.trace.steps if not is_waiting(step)}


def data_races(replayed: Replayed) -> list[DataRace]:
    """The races of one execution, those of which one side holds no lock first."""
    steps, log, facts = carried_out(replayed), replayed.execution.log or (), replayed.facts
    found = []
    for race in races(log, facts.data, facts.failed, facts.atomic):
        sides = race.first, race.second
        if all(side in steps for side in sides) and not all(_adds(steps[side], log[side]) for side in sides):
            found.append(_in_words(race, steps))
    return sorted(found, key=lambda race: bool(race.first.locks and race.second.locks))


def potential_deadlocks(replayed: Replayed) -> list[PotentialDeadlock]:
    """The circles of locks in an execution that did not end in one."""
    steps, facts = carried_out(replayed), replayed.facts
    if replayed.execution.outcome is Outcome.DEADLOCK:
        return []
    found, label = [], dict(zip(replayed.trace.threads, labels(replayed.trace.threads), strict=True))
    for circle in circles(replayed.execution.log or (), facts.locks, facts.data, facts.failed):
        if all(member.since in steps and member.at in steps for member in circle):
            holds = tuple(Place.of(steps[member.since]) for member in circle)
            wants = tuple(Place.of(steps[member.at]) for member in circle)
            parts = [
                f"{a.thread} holds {a.object} ({a.where}) and wants {b.object} ({b.where})"
                for a, b in zip(holds, wants, strict=True)
            ]
            suspects = tuple(
                Suspect(label[a.thread], plain(a.object), plain(b.object)) for a, b in zip(holds, wants, strict=True)
            )
            found.append(PotentialDeadlock(holds, wants, f"would deadlock if {' while '.join(parts)}", suspects))
    return found


def merged(*several: Iterable[DataRace]) -> list[DataRace]:
    """All races, each pair of places once."""
    by_places: dict[object, DataRace] = {}
    for race in (race for some in several for race in some):
        pair = frozenset((place.file, place.line, place.operation) for place in (race.first, race.second))
        by_places.setdefault(pair, race)
    return list(by_places.values())


def _line(origin: str) -> str:
    file, _, line = origin.rpartition(":")
    return linecache.getline(file, int(line)).strip() if file else ""


def _in_words(race: Race, steps: dict[int, TraceStep]) -> DataRace:
    first, second = Place.of(steps[race.first]), Place.of(steps[race.second])
    sentence = f"{_holding(first)} and {_holding(second, first.object)} are in no order"
    return DataRace(first.object, first, second, sentence)


def _holding(place: Place, known: str = "") -> str:
    return place.words(known)[:-1] + (f", holding {' and '.join(place.locks)})" if place.locks else ", no lock held)")


def _adds(shown: TraceStep, step: Step) -> bool:
    """Whether it puts something into a container: two such steps leave the same things in it, whichever came first."""
    whole = step.operation.key is WHOLE or ".add(" in shown.source
    return shown.operation == "write" and whole and bool(_ADDING.search(shown.source))
