"""A recorded execution explained: the steps at their places in the source, and the data races among them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.detectors.races import Race, races
from harness.execution import Replayed
from harness.trace import TraceStep

_ADDING = re.compile(r"\.(append|appendleft|add)\(")


@dataclass(frozen=True)
class Place:
    """What a thread did where. `locks` are those it held, `value` is empty where the operation has none."""

    thread: str
    operation: str
    object: str
    value: str
    file: str
    line: int
    source: str
    locks: tuple[str, ...] = ()

    @staticmethod
    def of(step: TraceStep) -> Place:
        return Place(
            thread=step.thread,
            operation=step.operation,
            object=step.object,
            value="" if is_waiting(step) else step.value,
            file=step.file,
            line=step.line,
            source=step.source,
            locks=step.locks,
        )

    @property
    def where(self) -> str:
        """`bank.py:14`."""
        return f"{Path(self.file).name}:{self.line}" if self.file else "in the library"

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


def is_waiting(step: TraceStep) -> bool:
    """True for the line that says that a thread stands still: no step was carried out there."""
    return bool(step.waits_on) or step.value == "waits"


def carried_out(replayed: Replayed) -> dict[int, TraceStep]:
    """The steps by their index in the execution's log, without the main thread's first, which has no operation."""
    return {step.step: step for step in replayed.trace.steps if not is_waiting(step)}


def data_races(replayed: Replayed) -> list[DataRace]:
    """The races of one execution, those of which one side holds no lock first."""
    steps = carried_out(replayed)
    found = []
    for race in races(replayed.execution.log or (), *replayed.facts):
        if race.first in steps and race.second in steps and not _only_add(steps[race.first], steps[race.second]):
            found.append(_in_words(race, steps))
    return sorted(found, key=lambda race: bool(race.first.locks and race.second.locks))


def merged(*several: Iterable[DataRace]) -> list[DataRace]:
    """All races, each pair of places once."""
    by_places: dict[object, DataRace] = {}
    for race in (race for some in several for race in some):
        pair = frozenset((place.file, place.line, place.operation) for place in (race.first, race.second))
        by_places.setdefault(pair, race)
    return list(by_places.values())


def _in_words(race: Race, steps: dict[int, TraceStep]) -> DataRace:
    first, second = Place.of(steps[race.first]), Place.of(steps[race.second])
    sentence = f"{_holding(first)} and {_holding(second, first.object)} are in no order"
    return DataRace(first.object, first, second, sentence)


def _holding(place: Place, known: str = "") -> str:
    return place.words(known)[:-1] + (f", holding {' and '.join(place.locks)})" if place.locks else ", no lock held)")


def _only_add(first: TraceStep, second: TraceStep) -> bool:
    """Two calls that each put something into a container leave the same things in it, whichever came first."""
    return all(step.operation == "write" and _ADDING.search(step.source) for step in (first, second))
