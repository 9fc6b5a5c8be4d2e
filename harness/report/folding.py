"""Loops in a trace, drawn once with the number of times they went round."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.relevance import waits
from harness.report.text import count
from harness.trace import TraceStep

LONGEST = 40
"""Steps of a loop, at most."""

ROUNDS = 3
"""Equal rounds that make a loop, at least."""

SAVED = 8
"""Steps that a fold must leave out to be worth its line: what is short is shown as it is, with all its values."""


@dataclass(frozen=True)
class Fold:
    """`times` more rounds of the `length` steps drawn before, left out; the trace ends `rest` steps into another."""

    length: int
    times: int
    rest: int = 0

    def __str__(self) -> str:
        steps = "the step" if self.length == 1 else f"the {self.length} steps"
        again = f", then the first {'one' if self.rest == 1 else self.rest} of them again" if self.rest else ""
        return f"… {steps} above, {count(self.times, 'more time')}{again} …"


def fold_loops(steps: Sequence[TraceStep]) -> Iterator[TraceStep | Fold]:
    """The steps, where many equal rounds of a loop become one round and a `Fold`.

    Rounds are equal when the same threads do the same operations to the same objects at the same lines;
    values may differ. The shortest loop is taken first, so a loop in a loop folds from the inside.
    """
    keys = [(s.thread, s.operation, s.object, s.line, s.waits_on) for s in steps]
    at = 0
    while at < len(steps):
        length, rounds = _loop_at(keys, at)
        drawn = steps[at : at + length]
        yield from drawn
        at += length * rounds
        if rounds > 1:
            rest = _begun(keys[at - length : at], keys[at:])
            if not all(waits(step) for step in steps[at + rest :]):
                rest = 0
            elif at + rest == len(steps) and _told(steps[-1]) != _told(drawn[rest - 1]):
                rest -= 1  # where a loop came to something, its last step is shown
            yield Fold(length, rounds - 1, max(rest, 0))
            at += rest


def _told(step: TraceStep) -> object:
    return step.value, step.state


def _begun(loop: Sequence[object], after: Sequence[object]) -> int:
    """How far another round goes."""
    return next((at for at, (one, other) in enumerate(zip(loop, after, strict=False)) if one != other), len(after))


def _loop_at(keys: Sequence[object], at: int) -> tuple[int, int]:
    """(length, rounds) of the loop that starts here; (1, 1) where none does."""
    for length in range(1, min(LONGEST, (len(keys) - at) // ROUNDS) + 1):
        rounds = 1
        first = keys[at : at + length]
        while keys[at + rounds * length : at + (rounds + 1) * length] == first:
            rounds += 1
        if rounds >= ROUNDS and (rounds - 1) * length >= SAVED:
            return length, rounds
    return 1, 1
