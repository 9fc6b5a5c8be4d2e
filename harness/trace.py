"""Operations and steps: what a thread is about to do, and what it did.

Two forms, because a search looks at thousands of executions and a reader at one:
`Step` is light and made for search (tokens, no text), `TraceStep` is full and made for people
(readable names, source lines, values). Both are plain immutable values.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple


class _Whole:
    """The key that stands for a whole object: it conflicts with every key of that object."""

    def __repr__(self) -> str:
        return "WHOLE"

    def __reduce__(self) -> str:
        return "WHOLE"


WHOLE = _Whole()


EXIT = "exit"
"""The object of the program's exit: what a daemon does comes before it or not at all."""


CLOCK = "clock"
"""What a timeout changes that fires before all others are blocked, and what those see who look at the time."""

GATED = "gated"
"""The key of an operation that waits before it begins: it is enabled only when it can go through at once."""

OBSERVERS = frozenset(
    ("read", "join", "is_alive", "begin", "is_set", "locked", "qsize", "empty", "full", "done", "running", "cancelled",
     "enumerate", "time")
)  # fmt: skip
"""Kinds of operation that never do more than look."""

_GATED_OBSERVERS = frozenset(("wait", "result"))
"""Kinds that do no more than look where they are gated: they may block inside otherwise, which others can tell."""


class Operation(NamedTuple):
    """What a thread is about to do, known at the scheduling point that lies before it."""

    kind: str
    object: Hashable = None
    key: Hashable = WHOLE
    site: int = -1

    @property
    def mode(self) -> str:
        """How it touches its object: "r" where it only looks; two such on one object commute."""
        looks = self.kind in OBSERVERS or (self.key == GATED and self.kind in _GATED_OBSERVERS)
        return "r" if looks else "w"


class Access(NamedTuple):
    """One touch of shared state: mode "r" observes, "w" changes or synchronises."""

    object: Hashable
    key: Hashable
    mode: str


class Step(NamedTuple):
    """An operation carried out, from one scheduling point to the next, in the form a search needs.

    `accesses` is all the step touched, its operation's own included. `released` are locks given up
    during the step: a release is no choice of its own unless somebody probes the lock (try-acquire,
    timed acquire, `locked`). `time` is the virtual time in ns; between two steps of different time
    the clock advanced, which happens only when no thread is enabled. `blocked` tells that the step
    ended inside a blocking call; the thread's next step is its wake-up. `ready`: for each primitive that it worked on,
    the kinds of gated operation that could have gone through just before.
    """

    task: int
    operation: Operation
    accesses: tuple[Access, ...]
    released: tuple[Hashable, ...]
    started: tuple[int, ...]
    enabled: tuple[int, ...]
    time: int
    finished: bool
    blocked: bool
    ready: tuple[tuple[Hashable, tuple[str, ...]], ...] = ()


def conflict(a: Access, b: Access) -> bool:
    """True where the order of the two accesses can matter: one object, overlapping keys, not both reads."""
    return (
        a.object == b.object
        and not (a.mode == "r" and b.mode == "r")
        and (a.key is WHOLE or b.key is WHOLE or a.key == b.key)
    )


WAITS = "waits"
"""The value of a line that says that a thread stands still; no step was carried out there."""

WENT_IN = "waits inside"
"""The value of a line for both, an operation carried out and its thread that stands still inside of it."""

REFUSED, TIMED_OUT = "refused", "timed out"
"""The values of attempts that came to nothing."""


@dataclass(frozen=True)
class TraceStep:
    """One step as a person reads it.

    `step` counts from 1; `state` is the shared state after it, name to text (of much data what was touched last);
    `locks` are those that the thread held when it began. `shared`: another thread touches the same in this
    execution, and one of them changes it; None where that is not known. `lock`: the object is one; then its state
    says who holds it. `value` is what was read or written, or WAITS, REFUSED or TIMED_OUT. A step that is in no
    code of the program has no `file`, and `origin` is the place in the program, `file:line`, that started its
    thread.
    """

    step: int
    thread: str
    operation: str
    object: str
    value: str
    file: str
    line: int
    source: str
    waits_on: str | None
    preempted: str | None
    state: dict[str, str] = field(default_factory=dict)
    time: int = 0
    locks: tuple[str, ...] = ()
    shared: bool | None = None
    lock: bool = False
    origin: str = ""


@dataclass(frozen=True)
class Trace:
    """Everything that happened in one execution, in order."""

    steps: tuple[TraceStep, ...]
    threads: tuple[str, ...]

    def to_json(self) -> list[dict[str, Any]]:
        """The steps as plain dictionaries, ready for `json.dumps`."""
        return [asdict(step) for step in self.steps]
