"""What the scheduler knows of a program thread, and what it asks of those who choose and of those who watch."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, Protocol

from harness.trace import Operation


class Holdable(Protocol):
    """What a thread can wait for: it is enabled again when `held` is false.

    `releaser` is the only thread that can make it free, None where any might.
    """

    @property
    def held(self) -> bool: ...

    @property
    def releaser(self) -> Task | None: ...


class Never:
    """Held for ever: what a sleeper wants."""

    held = True
    token = None
    releaser = None


NEVER = Never()


class Both:
    """Held while either is: what a thread wants that must be woken and then take its lock back."""

    __slots__ = ("first", "second")
    token = None
    releaser = None

    def __init__(self, first: Holdable, second: Holdable) -> None:
        self.first = first
        self.second = second

    @property
    def held(self) -> bool:
        return self.first.held or self.second.held


class Gate:
    """Held while an operation of `kind` on `primitive` would have to wait inside; `opens` tells when it would not.

    `in_line`: who waits longest is served first.
    """

    __slots__ = ("primitive", "kind", "in_line", "_opens")
    token = None
    releaser = None

    def __init__(self, primitive: Any, kind: str, opens: Callable[[Any], bool], in_line: bool) -> None:
        self.primitive = primitive
        self.kind = kind
        self.in_line = in_line
        self._opens = opens

    @property
    def held(self) -> bool:
        return not self._opens(self.primitive)


class Task:
    """The scheduler's record of one program thread.

    `held` is true until the thread has finished: joining it is wanting it. `pending` is what it will
    do when it is chosen next. `asked` tells that its request was refused before, `asked_at` in
    which step it was made (for bypasses).
    `subject` is the object of the pending operation, known only while it is pending so that nothing is
    kept alive. `call` is the public operation it is inside of, `called` that one's object. `reentry` is
    the lock that a Condition's wait will take back: a woken thread is not enabled before that is free.
    `awaited` tells that somebody has joined it.
    """

    __slots__ = (
        "index", "name", "daemon", "pending", "wants", "deadline", "steps", "held", "baton", "asked",
        "bypassed", "call", "subject", "created", "unwound", "ident", "handle", "timed_out", "carrier", "reentry",
        "called", "token", "asked_at", "awaited",
    )  # fmt: skip

    def __init__(self, index: int, name: str, daemon: bool, baton: Any) -> None:
        self.index = index
        self.name = name
        self.daemon = daemon
        self.baton = baton
        self.token: Hashable = ("thread", index)
        self.pending = Operation("begin", self.token)
        self.wants: Holdable | None = None
        self.deadline: int | None = None
        self.steps = 0
        self.held = True
        self.asked = False
        self.asked_at = 0
        self.bypassed = 0
        self.call: Operation | None = None
        self.subject: Any = None
        self.created = 0
        self.unwound = 0
        self.ident = 1000 + index
        self.handle: Any = None
        self.timed_out = False
        self.carrier: Any = None
        self.reentry: Holdable | None = None
        self.called: Any = None
        self.awaited = False

    @property
    def finished(self) -> bool:
        return not self.held

    @property
    def releaser(self) -> Task:
        return self

    def __repr__(self) -> str:
        return f"<Task {self.index} {self.name}>"


def waiting_in_line(tasks: Iterable[Task]) -> bool:
    """Whether one thread waits at a gate where others wait for the same: who came first will be served first."""
    waiting = [task for task in tasks if task.call is not None and task.wants is not None and task.wants.held]
    places = [(id(task.called), task.call.kind) for task in waiting if task.call is not None]
    return any(
        type(task.wants) is Gate and task.wants.in_line and places.count(place) > 1
        for task, place in zip(waiting, places, strict=True)
    )


class Policy(Protocol):
    """The part of a strategy that the scheduler calls; `every_step`: also where there is no choice."""

    @property
    def every_step(self) -> bool: ...

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any: ...


class Recorder(Protocol):
    """Told of each step around its execution; `arrived` comes before the next choice is made.

    `token` numbers an object, another number for each object of the execution.
    """

    def token(self, obj: Any) -> Hashable: ...

    def chosen(self, task: Task, enabled: list[Task]) -> None: ...

    def arrived(self, task: Task) -> None: ...
