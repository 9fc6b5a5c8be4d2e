"""Schedules and their text form, the witness: one readable line that replays a failing execution.

    h1:deadlock:3fa2b1:alice@acquire+B=bob

Read: format 1; the execution ends in a deadlock; the program's digest is 3fa2b1; a thread keeps
running until it is blocked or ends (then the earliest started of the enabled threads goes on), with
one exception: when alice is about to acquire B, bob goes on instead. `,2` after the object means the
second time that alice arrives there, `alice@end` is where she has finished, and the word `fair`
alone means: from here on the enabled threads take turns. After the digest may come what else the
search was told about the program: `early`, timeouts may fire at any point (`--early-timeouts`);
`ignore+tries`, states are compared without the variable `tries` (`--ignore-state`); `instrument+pkg`,
the package pkg is controlled as well (`--instrument`). Or what it has learned: `arrivals`, to come and wait
for a permit, an item or an event is a step of its own (world/gates.py).

A witness names threads, operations and objects, never counts of steps, so an edit that leaves these
as they were leaves the witness valid. Nothing in it needs quoting in a shell, nor another encoding than ASCII.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import count
from typing import NamedTuple

from harness.outcome import Outcome

FORMAT = "h1"
FAIR = "fair"
EARLY = "early"
IGNORE, INSTRUMENT = "ignore", "instrument"
ARRIVALS = "arrivals"
END = "end"

LONGEST = 40
"""Characters of a name in a witness."""

_TURN = re.compile(
    r"(?P<thread>[\w.-]+)@(?P<kind>[a-z_]+)(\+(?P<object>[\w.-]*))?(,(?P<nth>[1-9][0-9]{0,8}))?=(?P<to>[\w.-]+)",
    re.ASCII,
)
_NAME = re.compile(r"[\w.-]+", re.ASCII)
_OUTCOMES = [outcome.value for outcome in Outcome]
_NO_ACCENTS = dict.fromkeys(range(0x300, 0x370))


class WitnessError(ValueError):
    """A witness that is not one; its text says which part."""


class Turn(NamedTuple):
    """An exception to running on: `thread`, about to do `kind` on `object` for the `nth` time, makes way for `to`."""

    thread: str
    kind: str
    object: str
    nth: int
    to: str

    def __str__(self) -> str:
        nth = f",{self.nth}" if self.nth > 1 else ""
        on = f"+{self.object}" if self.object else ""
        return f"{self.thread}@{self.kind}{on}{nth}={self.to}"


class Witness(NamedTuple):
    """A schedule as its exceptions to running on.

    With `fair`, threads take turns after the last of them, which may itself be the place: `ann@read+x=fair`.
    With `early`, a timeout may fire at any point. `ignored` are variables that do not tell one state from another,
    beside those that the program declares, `instrumented` packages that are controlled, too. With `arrivals`, threads
    go into an operation to wait there.
    """

    outcome: Outcome
    digest: str
    turns: tuple[Turn, ...] = ()
    fair: bool = False
    early: bool = False
    ignored: tuple[str, ...] = ()
    instrumented: tuple[str, ...] = ()
    arrivals: bool = False

    def __str__(self) -> str:
        told = [EARLY] * self.early + [ARRIVALS] * self.arrivals
        for word, names in ((IGNORE, self.ignored), (INSTRUMENT, self.instrumented)):
            if names := tuple(filter(writable, names)):
                told.append("+".join((word, *names)))
        parts = [FORMAT, self.outcome.value, self.digest, *told, *map(str, self.turns)]
        said = bool(self.turns) and self.turns[-1].to == FAIR
        return ":".join(parts + ([FAIR] if self.fair and not said else []))

    @staticmethod
    def parse(text: str) -> Witness:
        """The witness that `text` writes down; raises WitnessError naming the part that is wrong."""
        parts = text.strip().split(":")
        if parts[0] != FORMAT:
            raise WitnessError(f"witness: starts with {_shown(parts[0])}, expected {FORMAT!r}")
        if len(parts) < 3:
            raise WitnessError("witness: cut short, expected h1:OUTCOME:DIGEST and the turns")
        if parts[1] not in _OUTCOMES:
            raise WitnessError(f"witness: {_shown(parts[1])} is no outcome (there are: {', '.join(_OUTCOMES)})")
        if not re.fullmatch(r"[0-9a-f]{6}", parts[2]):
            raise WitnessError(f"witness: {_shown(parts[2])} is no digest of six hex digits")
        turns = parts[3:]
        early = turns[:1] == [EARLY]
        turns = turns[early:]
        arrivals = turns[:1] == [ARRIVALS]
        turns = turns[arrivals:]
        names: list[tuple[str, ...]] = []
        for word in (IGNORE, INSTRUMENT):
            told = turns[:1] if turns and turns[0].partition("+")[0] == word else []
            names.append(tuple(_names(told[0])) if told else ())
            turns = turns[len(told) :]
        fair = turns[-1:] == [FAIR]
        read = tuple(map(_turn, turns[:-1] if fair else turns))
        for turn in read[: None if fair else -1]:
            if turn.to == FAIR:
                raise WitnessError(f"witness: after {_shown(str(turn))} threads take turns, so nothing can follow it")
        fair = fair or (bool(read) and read[-1].to == FAIR)
        return Witness(Outcome(parts[1]), parts[2], read, fair, early, names[0], names[1], arrivals)


def writable(name: str) -> bool:
    """Whether a witness can carry that name of a variable or a package."""
    return bool(_NAME.fullmatch(name))


def plain(name: str) -> str:
    """A name as a witness writes it: letters, digits, `_`, `.` and `-` only; `forks[2]` becomes `forks.2`."""
    name = re.sub(r"\[(.*?)\]", lambda match: "." + match[1].strip("'\""), name)
    name = unicodedata.normalize("NFKD", name).translate(_NO_ACCENTS)
    return re.sub(r"[^A-Za-z0-9_.-]+", "_", name)[:LONGEST]


def labels(names: Iterable[str]) -> list[str]:
    """For each thread's name the one that a witness uses: plain, no two alike. A new name changes no earlier label."""
    taken, found = {FAIR}, list[str]()
    for name in names:
        label = plain(name) or "_"
        others = (f"{label}.{number}" for number in count(2))
        found.append(label if label not in taken else next(other for other in others if other not in taken))
        taken.add(found[-1])
    return found


def _names(part: str) -> list[str]:
    word, *names = part.split("+")
    if not names or not all(map(writable, names)):
        raise WitnessError(f"witness: {_shown(part)} is no list of names, expected {word}+NAME")
    return names


def _turn(text: str) -> Turn:
    match = _TURN.fullmatch(text)
    if match is None:
        raise WitnessError(f"witness: {_shown(text)} is no turn, expected THREAD@OPERATION+OBJECT=THREAD")
    return Turn(match["thread"], match["kind"], match["object"] or "", int(match["nth"] or 1), match["to"])


def _shown(part: str) -> str:
    return repr(part if len(part) <= 2 * LONGEST else part[: 2 * LONGEST] + "…")
