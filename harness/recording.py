"""The full record of one execution: every step with its readable names, source line and values.

A search keeps indexes only; when an execution is to be shown or written down as a witness, it is led
along the same schedule once more with a `Recording` looking on.
"""

from __future__ import annotations

import linecache
import weakref
from collections import Counter
from collections.abc import Callable, Container, Hashable
from dataclasses import replace
from random import Random
from types import CellType
from typing import Any, NamedTuple

from harness.schedule import END, FAIR, Turn, labels, plain
from harness.strategies.replay import Fairly
from harness.task import Both, Task
from harness.trace import REFUSED, TIMED_OUT, WAITS, WHOLE, Operation, Trace, TraceStep
from harness.world.access_outside import OUTSIDE, FileSystem
from harness.world.lock import InnerLock
from harness.world.naming import Naming
from harness.world.values import peek, show, standing
from harness.world.world import World

_ATOMIC = (Random, FileSystem)
"""Made for being used by several threads at once (https://docs.python.org/3/library/random.html), or no memory."""


NAMES = 100
"""Pieces of data of which the state is written down after each step: those that were touched last."""


class Facts(NamedTuple):
    """What a recording knows of a log: objects that are `data` or `locks`, steps that got no lock (`failed`).

    `atomic` are the data that several threads may use at once, whatever they do.
    """

    data: frozenset[Hashable]
    failed: frozenset[int]
    locks: frozenset[Hashable]
    atomic: frozenset[Hashable]


class Recording:
    """Told of each step by the scheduler; afterwards `trace()` has everything, without `states` all but these."""

    def __init__(self, world: World, states: bool = True) -> None:
        self._world = world
        self._states = states
        self.naming = Naming(world.survey_now, lambda obj: id(obj) in world.points.instrumented)
        self._steps: list[TraceStep] = []
        self._open: dict[str, Any] | None = None
        self._subject: Callable[[], Any] = _nothing
        self._operation: Operation | None = None
        self._last: Task | None = None
        self._locks: dict[str, InnerLock] = {}
        self._data: dict[str, tuple[Callable[[], Any], Any]] = {}
        self._touched: dict[str, int] = {}
        self._primitives: dict[str, Callable[[], Any]] = {}
        self._step = 0
        self._labels: list[str] = []
        self._tokens: dict[int, tuple[Any, int]] = {}
        self._taken: dict[int, list[InnerLock]] = {}
        self._standing: set[int] = set()
        self._origins = [""]
        self.grants: dict[int, tuple[str, int]] = {}
        self.failed: set[int] = set()
        """Steps that asked for a lock and did not get it."""
        self.locks: set[Hashable] = set()
        """The tokens of the locks that somebody asked for."""
        self.data: set[int] = set()
        """The tokens of what holds data: all objects but the world's own."""
        self.atomic: set[int] = set()
        """The tokens of those of them that threads may use at once."""

    def describe(self, task: Task) -> tuple[str, str]:
        """A task's pending operation as a witness writes it."""
        kind, name = self.naming.task(task)
        return kind, plain(name)

    def label(self, task: Task) -> str:
        """A task's name as a witness writes it."""
        tasks = self._world.scheduler.tasks
        if len(tasks) > len(self._labels):
            self._labels = labels(known.name for known in tasks)
        return self._labels[task.index]

    def thread(self, label: str) -> str:
        """The name of the thread with that label, the label where there is none."""
        tasks = self._world.scheduler.tasks
        return next((task.name for task in tasks if self.label(task) == label), label)

    def words(self, task: Task) -> str:
        """A task and its pending operation as a person reads them."""
        return f"{task.name} ({' '.join(self.naming.task(task)).strip()})"

    def token(self, obj: Any) -> int:
        """A number for `obj` that no other object of this execution has."""
        known = self._tokens.get(id(obj))
        if known is None:
            tokens, ident = self._tokens, id(obj)
            try:
                held: Any = weakref.ref(obj, lambda _: tokens.pop(ident, None))
            except TypeError:
                held = obj
            known = self._tokens[ident] = held, len(self.data)
            if issubclass(type(obj), _ATOMIC):
                self.atomic.add(len(self.data))
            self.data.add(len(self.data))
        return known[1]

    def facts(self) -> Facts:
        """What is known of the steps so far beyond their log."""
        return Facts(frozenset(self.data), frozenset(self.failed), frozenset(self.locks), frozenset(self.atomic))

    def chosen(self, task: Task, enabled: list[Task]) -> None:
        """The scheduler's choice: a step begins."""
        last, self._last = self._last, task
        self._standing.discard(task.index)
        self._operation, self._subject = task.pending, _weak(task.subject)
        kind, name = self.naming.task(task)
        file, line = self.where(task)
        preempted = last.name if last is not None and last is not task and last in enabled else None
        self._step += 1
        self._open = {
            "step": self._step, "thread": task.name, "operation": kind, "object": name, "file": file, "line": line,
            "source": linecache.getline(file, line).strip() if file else "", "waits_on": None,
            "preempted": preempted, "time": self._world.scheduler.now, "locks": self._held(task),
            "lock": _is_lock(task.subject), "shared": False, "origin": "" if file else self._origins[task.index],
        }  # fmt: skip
        self._watch(name)
        if kind == "acquire" and issubclass(type(task.subject), InnerLock):
            self.grants[id(task.subject)] = (file, line)

    def arrived(self, task: Task) -> None:
        """The step is over; where the thread is blocked now, that is a line of its own."""
        if self._open is not None:
            self._note_lock(task)
            self._note_origins(self._open)
            self._steps.append(TraceStep(**self._open, value=self._value(task), state=self._state()))
            self._open, self._subject = None, _nothing
        if not task.finished and task.wants is not None and task.wants.held:
            self._blocked(task)

    def stopped(self) -> None:
        """The execution is being stopped: who stood before something that others took since waits for it, too."""
        for task in self._world.scheduler.live:
            if task.wants is not None and task.wants.held and task.index not in self._standing:
                self._blocked(task)

    def trace(self, shared: Container[int]) -> Trace:
        """All steps so far; `shared` are the indexes of those on what several threads touch and one changes."""
        steps = (
            replace(step, shared=True) if step.shared is False and step.step in shared else step for step in self._steps
        )
        return Trace(tuple(steps), tuple(task.name for task in self._world.scheduler.tasks))

    def where(self, task: Task) -> tuple[str, int]:
        """File and line at which `task` stands in the program."""
        scheduler = self._world.scheduler
        for known, ident in scheduler.blocked_frames():
            if known is task:
                for frame in self._world.frames(ident):
                    return frame.f_code.co_filename, frame.f_lineno
        return "", 0

    def _blocked(self, task: Task) -> None:
        self._standing.add(task.index)
        kind, name = self.naming.task(task)
        file, line = self.where(task)
        if issubclass(type(task.subject), InnerLock):
            self._locks.setdefault(name, task.subject)
        elif standing(task.subject) is not None:
            self._primitives.setdefault(name, _weak(task.subject))
        self._steps.append(
            TraceStep(
                self._step + 1,
                task.name,
                kind,
                name,
                WAITS,
                file,
                line,
                linecache.getline(file, line).strip(),
                waiting_for(task),
                None,
                self._state(),
                self._world.scheduler.now,
                lock=_is_lock(task.subject),
                origin="" if file else self._origins[task.index],
            )  # fmt: skip
        )

    def _note_origins(self, step: dict[str, Any]) -> None:
        """Where in the program the threads were started that are new in this step."""
        here = f"{step['file']}:{step['line']}" if step["file"] else step["origin"]
        self._origins += [here] * (len(self._world.scheduler.tasks) - len(self._origins))

    def _note_lock(self, task: Task) -> None:
        """What the step's thread got, or did not get."""
        lock = self._subject()
        if issubclass(type(lock), InnerLock):
            assert self._operation is not None
            self.locks.add(lock.token)
            taken = self._taken.setdefault(task.index, [])
            if lock.owner is task and lock not in taken:
                taken.append(lock)
            elif lock.owner is not task and self._operation.kind in ("acquire", "try_acquire"):
                self.failed.add(self._step)

    def _held(self, task: Task) -> tuple[str, ...]:
        return tuple(self.naming.object(lock) for lock in self._taken.get(task.index, ()) if lock.owner is task)

    def _watch(self, name: str) -> None:
        operation, subject = self._operation, self._subject()
        assert operation is not None
        if issubclass(type(subject), InnerLock):
            self._locks.setdefault(name, subject)
        elif operation.kind in ("read", "write") and (
            operation.key is not WHOLE or issubclass(type(subject), CellType)
        ):
            self._data.setdefault(name, (self._subject, operation.key))
            self._touched[name] = self._step
            if len(self._data) > NAMES:
                del self._data[min(self._data, key=self._touched.__getitem__)]
        elif operation.kind not in ("read", "write") and standing(subject) is not None:
            self._primitives.setdefault(name, self._subject)

    def _value(self, task: Task) -> str:
        operation = self._operation
        if operation is None or operation.kind not in ("read", "write"):
            return self._missed(operation.kind if operation is not None else "", task)
        subject = self._subject()
        if subject is None:
            return ""
        if subject is OUTSIDE:
            return ""
        whole = operation.key is WHOLE and not issubclass(type(subject), CellType)
        return show(subject if whole else peek(subject, operation.key))

    def _missed(self, kind: str, task: Task) -> str:
        """What is to be said of a step that did not get what it asked for."""
        if self._step in self.failed:
            return REFUSED if kind == "try_acquire" else TIMED_OUT
        return TIMED_OUT if kind in ("wake", "join") and task.timed_out else ""

    def _state(self) -> dict[str, str]:
        if not self._states:  # to look at all that was touched, after each step, is most of the work of a long record
            return {}
        stored = {name: peek(obj, key) for name, (found, key) in self._data.items() if (obj := found()) is not None}
        state = {name: standing(value) or show(value) for name, value in stored.items() if not _is_lock(value)}
        stand = {name: standing(found()) for name, found in self._primitives.items()}
        state.update((name, words) for name, words in stand.items() if words is not None)
        for name, lock in self._locks.items():
            waiting = [t.name for t in self._world.scheduler.live if t.wants is lock and t.index in self._standing]
            holder = lock.owner.name if lock.owner is not None else ""
            state[name] = " < ".join([holder, ", ".join(waiting)]) if waiting else holder
        return state


class Scribe:
    """Looks on while a policy chooses and writes down the turns that make a witness of its choices.

    `fair` is who chooses once the policy says that threads take turns.
    """

    every_step = True

    def __init__(self, policy: Any, recording: Recording) -> None:
        self._policy = policy
        self._recording = recording
        self._arrivals: Counter[tuple[str, str, str]] = Counter()
        self._last: Task | None = None
        self.turns: list[Turn] = []
        self.preemptions = 0
        self.fair: Any = None
        self.fair_from: int | None = None
        self._ran_on = False

    def choose(self, enabled: list[Task], running: Task | None, step: int) -> Task:
        """The policy's choice, noted where it is not the one that running on would make."""
        if self.fair_from is not None:
            return self.fair.choose(enabled, running, step)  # type: ignore[no-any-return]
        last = running or self._last
        here: tuple[str, str, str] | None = None
        if last is not None:
            here = (self._recording.label(last), *((END, "") if last.finished else self._recording.describe(last)))
            self._arrivals[here] += 1
        try:
            chosen: Task = self._policy.choose(enabled, running, step)
        except Fairly:
            self.fair_from = step
            if here is not None and self._ran_on:
                self.turns.append(Turn(*here, self._arrivals[here], FAIR))
            return self.choose(enabled, running, step)
        usual = running if running in enabled else enabled[0]
        self.preemptions += chosen is not running and running in enabled
        self._ran_on = chosen is usual
        if chosen is not usual and here is not None:
            self.turns.append(Turn(*here, self._arrivals[here], self._recording.label(chosen)))
        self._last = chosen
        return chosen


def _is_lock(obj: Any) -> bool:
    return issubclass(type(obj), InnerLock)


def _nothing() -> None:
    return None


def _weak(obj: Any) -> Callable[[], Any]:
    """A way back to `obj` that keeps alive nothing that may have a finalizer."""
    try:
        return weakref.ref(obj)
    except TypeError:
        return lambda: obj


def waiting_for(task: Task) -> str | None:
    """Whom a blocked task waits for, by name: a lock's holder or a thread to be joined."""
    wants = task.wants
    if isinstance(wants, Both):
        wants = None if wants.first.held else wants.second
    elif task.call is not None:
        return None
    if isinstance(wants, InnerLock):
        return wants.owner.name if wants.owner is not None else None
    return wants.name if isinstance(wants, Task) else None
