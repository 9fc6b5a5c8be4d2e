"""What is to be run, as the warm parent is told; and what one run came to, as it answers. Both travel as JSON."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

_LIBRARIES = tuple(
    os.path.join(os.path.realpath(path) if real else path, "")
    for path in (os.path.dirname(os.__file__), *sys.path)
    if path == os.path.dirname(os.__file__) or path.endswith(("site-packages", "dist-packages"))
    for real in (True, False)
)


class End(StrEnum):
    """How one run of free threads ended. The values are the words printed and counted."""

    PASSED = "passed"
    VIOLATED = "violated"  # an assertion failed, in the program or in its oracle
    CRASHED = "crashed"  # any other exception was left uncaught in a thread, or the process ended itself
    BLOCKED = "hung (blocked)"  # its deadline passed, or it was certain before, and no thread moved
    SPINNING = "hung (spinning)"  # its deadline passed while threads ran without getting on
    UNFINISHED = "unfinished"  # neither passed nor failed: its deadline passed while it was getting on or asleep, …
    UNLOADABLE = "unloadable"  # the module itself could not be executed: nothing was measured

    @property
    def hung(self) -> bool:
        return self in (End.BLOCKED, End.SPINNING)

    @property
    def failed(self) -> bool:
        return self not in (End.PASSED, End.UNFINISHED)


def cut_short(why: str) -> str:
    """The text of a run that is unfinished for the lab's sake: for what it allows, or cannot do without."""
    return f"{End.UNFINISHED}: {why}"


class Home:
    """The program's directory: what is inside is the program's own, what is outside is library."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.directory = os.path.dirname(os.path.abspath(path))
        self._prefix = os.path.join(self.directory, "")

    def __contains__(self, filename: str) -> bool:
        # A program may lie above the interpreter or its packages: in a home directory, say.
        return filename.startswith(self._prefix) and not filename.startswith(_LIBRARIES)


@dataclass(frozen=True)
class Job:
    """Runs first, first + step, … of one program, until `count` are done or no more may start after `seconds`.

    With a step of 0 the first run is repeated.
    """

    path: str
    codes: Mapping[str, str]  # file → its code, marshalled, as base64: the program, modules beside it, the oracle
    ahead: Sequence[str]  # modules of the standard library that the program imports
    repeatable: bool  # several runs may share a process
    talks: bool  # it may print something
    oracle: str | None
    mode: str  # "native" or "stress"
    seed: int
    timeout: float  # seconds that one run may take
    time_scale: float  # how many seconds of the program's clock pass in one second
    parameters: Mapping[str, Any]
    first: int
    step: int
    count: int | None
    seconds: float | None
    spawn: bool = False  # a new interpreter for each run, though fork might be there

    def to_json(self) -> str:
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Waiting:
    """One thread of a hung run: where it stands in the program, and what it does there."""

    thread: str
    state: str  # "waits", "sleeps" (it waits with a time limit), "runs"
    place: str  # broken.py:21
    text: str  # the source line there
    call: str  # the library call it is inside of, "" if none
    lock: str = ""  # who holds what it wants, where that is known (mode stress), or whom it joins
    frames: tuple[str, ...] = ()  # the whole stack, innermost last

    def __str__(self) -> str:
        inside = f" (in {self.call})" if self.call else ""
        return f"{self.thread} {self.state} at {self.place}: {self.text}{inside}{self.lock}"


@dataclass(frozen=True)
class Run:
    """What run `number` (0-based) came to. `text` is what the histogram counts, `message` the sentence about it."""

    number: int
    end: End
    text: str
    message: str = ""
    seconds: float = 0.0
    output: str = ""
    stacks: tuple[Waiting, ...] = field(default=())

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Run:
        stacks = tuple(Waiting(**{**w, "frames": tuple(w["frames"])}) for w in fields.get("stacks", ()))
        return cls(**{**fields, "end": End(fields["end"]), "stacks": stacks})
