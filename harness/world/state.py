"""Complete states: everything that determines how an execution goes on, as one comparable value.

A state is taken between two steps, while every thread stands at a scheduling point: for each
unfinished thread its frames (code, place, variables, operand stack), what it is about to do, what it
waits for and for how long; then the program's global variables; then all that can be reached from
there (state_walk.py). Two equal states go on equally under a policy that depends on nothing else.

`standing` is the cheap part, places only: it tells whether a complete state is worth taking.
"""

from __future__ import annotations

import _thread
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from harness.scheduler import Scheduler
from harness.task import Both, Task
from harness.world import state_stack
from harness.world.naming import Naming
from harness.world.state_contents import HARNESS, UNFINISHED, frame_contents
from harness.world.state_requests import holder_gone, looks_at_unfinished, request, target, waits_for, waking
from harness.world.state_walk import Differs, Walk
from harness.world.world import World

OUTSIDE = ("open", "os.", "socket.", "subprocess.", "shutil.", "glob.", "pathlib.", "sqlite3.", "urllib.", "tempfile.")
"""Audit events, by their beginning, of code that asks or changes the world outside the program."""

_BASES: tuple[CodeType, ...] = (Scheduler.run.__code__, Scheduler._carry.__code__)
"""Where a program thread's own frames begin."""


class StateCapture:
    """Takes states of the running execution. `cost` counts tokens so far."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cost = 0
        self.differs: dict[str, int] = {}
        self.unknown: list[str] = []
        self._places: dict[int, tuple[int, Any]] = {}
        self.outside = ""
        self._patience = 1_000_000
        self._aside = frozenset((UNFINISHED,))
        self._granularity: tuple[bool, bool] | None = None
        self._naming: Naming | None = None

    def refine(self) -> None:
        """From now on every access and every release is a step, and a timeout fires when it is due."""
        scheduler, points = self.world.scheduler, self.world.points
        self._granularity = (scheduler.release_points, points.full)
        scheduler.release_points = points.full = True
        scheduler.early_timeouts = False
        scheduler.on_clock = self._clock_is_read
        listen(self._outside_is_touched)

    def restore(self) -> None:
        """Undo `refine`, for the next execution."""
        listen(None)
        if self._granularity is not None:
            self.world.scheduler.release_points, self.world.points.full = self._granularity
            self._granularity = None

    def _clock_is_read(self) -> None:
        """The library's own timed waits look at the clock too, but only to count down what is in the state."""
        frame = next(frames_of(sys._getframe()), None)
        if frame is not None and frame.f_code.co_filename in self.world.modules.files:
            self.outside = f"looks at the clock ({_place(frame)})"

    def _outside_is_touched(self, event: str) -> None:
        self.outside = self.outside or f"touches the world outside ({event})"

    @property
    def now(self) -> int:
        """The virtual time, in ns."""
        return self.world.scheduler.now

    def pass_time(self) -> bool:
        """Let the clock move although threads are enabled, which only repeat themselves; False where nobody waits."""
        scheduler = self.world.scheduler
        timed = [task for task in scheduler.live if task.wants is not None and task.deadline is not None]
        if not timed and not self.outside:
            return False
        due = [task.deadline or 0 for task in timed if task.pending.kind != "look"]
        sleepers = [deadline for deadline in due if deadline > scheduler.now]
        if len(sleepers) < len(timed) or self.outside:  # somebody looks at the clock all the time: in ever longer leaps
            self._patience *= 8
            sleepers.append(scheduler.now + self._patience)
        scheduler.now = min(sleepers)
        return True

    def stop(self) -> None:
        """End the execution here."""
        self.world.scheduler.stop("lasso")

    def standing(self) -> Any:
        """Where each thread stands and what it wants: equal in equal states."""
        scheduler = self.world.scheduler
        found = []
        for task, ident in scheduler.blocked_frames():
            known = self._places.get(task.index)
            if known is None or known[0] != task.steps:
                place = tuple((id(f.f_code), f.f_lasti) for f in frames_of(_top(ident)))
                known = self._places[task.index] = (task.steps, place)
            wants = task.wants
            timeout = None if task.deadline is None or wants is None else task.deadline - scheduler.now
            found.append((task.index, known[1], timeout, wants is not None and wants.held))
        return len(scheduler.tasks), found

    def take(self, ignored: frozenset[str], reference: list[Any] | None = None) -> list[Any] | None:
        """The complete state, or None where it is not equal to `reference` (`differs` counts where not)."""
        walk = Walk(ignored | self._aside, reference)
        try:
            self._walk(walk)
        except Differs as where:
            path = re.sub(r"\[\d+\]", "[…]", str(where))
            self.differs[path] = self.differs.get(path, 0) + 1
            return None
        finally:
            self.cost += len(walk.tokens)
            self.unknown = walk.unknown
        return walk.tokens

    def most_different(self) -> tuple[str, int]:
        """The variable at which comparisons failed most often, and how often."""
        return max(self.differs.items(), key=lambda item: item[1], default=("", 0))

    def opaque(self, tasks: set[int]) -> str:
        """Why the state is not complete for `tasks`, the threads that run, or empty."""
        if self.unknown:
            return f"a loop cannot be told from progress, for {self.unknown[0]}"
        for task, ident in self.world.scheduler.blocked_frames():
            if task.index in tasks:
                place = _inside_c(_top(ident))
                if place:
                    return f"a loop cannot be told from progress, for {task.name} is inside C code called at {place}"
        return ""

    def event(self, task: Task, enabled: list[Task], named: bool) -> tuple[Any, ...]:
        """The fields of a detectors.lasso.Event: what `task` is about to do, with names for people if `named`."""
        asked = request(task)
        operation = task.call or task.pending
        if looks_at_unfinished(operation, task.subject):
            self._aside = frozenset()
        frame = next(self.world.frames(self._ident(task)), None)
        place = (frame.f_code, frame.f_lasti) if frame is not None else None
        where = _place(frame) if named and frame is not None else ""
        return (
            task.index, operation.kind, waking(task), asked.ready if asked else None, place,
            asked.resource if asked else None, self._name(task) if named else "", where,
            tuple(t.index for t in enabled), target(task), holder_gone(task),
        )  # fmt: skip

    def threads(self) -> list[tuple[Any, ...]]:
        """The fields of a detectors.lasso.Standing for each unfinished thread."""
        found = []
        for task, ident in self.world.scheduler.blocked_frames():
            asked = request(task)
            frame = next(self.world.frames(ident), None)
            found.append((
                task.index, task.name, task.daemon, (task.call or task.pending).kind, asked.resource if asked else None,
                self._name(task), _place(frame) if frame is not None else "", asked is not None,
                waits_for(task),
            ))  # fmt: skip
        return found

    def _ident(self, task: Task) -> int:
        return task.carrier.ident if task.carrier else self.world.scheduler.host_ident

    def _name(self, task: Task) -> str:
        if self._naming is None:
            world = self.world
            self._naming = Naming(world.survey_now, lambda obj: id(obj) in world.points.instrumented)
        return self._naming.operand(task.call or task.pending, task.subject)

    def _walk(self, walk: Walk) -> None:
        world, now = self.world, self.world.scheduler.now
        files = world.modules.files
        for task, ident in world.scheduler.blocked_frames():
            pending, wants = task.pending, task.wants
            timeout = None if task.deadline is None or wants is None else task.deadline - now
            walk.emit((task.index, pending.kind, pending.site, timeout, wants is not None and wants.held))
            walk.thread = task.name
            walk.refer("", task.subject)
            for want in (wants.first, wants.second) if isinstance(wants, Both) else (wants,):
                walk.refer("", want)
            walk.refer("", task.handle)
            for frame in reversed(list(frames_of(_top(ident)))):
                head, pairs = frame_contents(frame)
                walk.unfold((head, pairs if frame.f_code.co_filename in files else _counted_down(pairs, now)))
        walk.thread = ""
        for module in world.modules.loaded():
            names = [(name, value) for name, value in module.__dict__.items() if not name.startswith("__")]
            walk.unfold((module.__name__, names))
        walk.refer("random", sys.modules.get("random"))
        walk.finish()


_listener: Callable[[str], None] | None = None
_hooked = False


def listen(listener: Callable[[str], None] | None) -> None:
    """From now on `listener` is told when this process touches the world outside. (An audit hook stays for good.)"""
    global _listener, _hooked
    _listener = listener
    if listener is not None and not _hooked:
        _hooked = True
        sys.addaudithook(_audit)


def _audit(event: str, args: Any) -> None:
    if _listener is not None and event.startswith(OUTSIDE):
        caller = sys._getframe(1).f_code.co_filename
        if not caller.startswith((HARNESS, "<frozen importlib")):  # not the lab's own doing, nor an import
            _listener(event)


def _top(ident: int) -> FrameType | None:
    """The innermost frame of a thread. Not kept in a dictionary of all: that would hold its own frame for ever."""
    return sys._getframe(1) if ident == _thread.get_ident() else sys._current_frames().get(ident)


def _inside_c(top: FrameType | None) -> str:
    """Where a program's frame has called C code that may call back more often, or empty."""
    inner = None
    for frame in frames_of(top, with_labs=True):
        if inner is not None and state_stack.hides_progress(inner, frame):
            return _place(next(frames_of(frame), frame))
        inner = frame
    return ""


def frames_of(frame: FrameType | None, with_labs: bool = False) -> Iterator[FrameType]:
    """A program thread's frames, innermost first; those of the lab only where asked for."""
    while frame is not None and frame.f_code not in _BASES:
        if with_labs or not is_labs(frame):
            yield frame
        frame = frame.f_back


@cache
def _is_labs_file(filename: str) -> bool:
    return filename.startswith(HARNESS)


def is_labs(frame: FrameType) -> bool:
    """True for a frame of the lab itself, in the middle of a program's frames."""
    return _is_labs_file(frame.f_code.co_filename)


def _counted_down(pairs: Iterable[tuple[str, Any]], now: int) -> Iterator[tuple[str, Any]]:
    """The library's deadlines as what is left of them."""
    for name, value in pairs:
        if name in ("endtime", "end_time") and type(value) is float:
            value = round(value * 1e9) - now
        yield name, value


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno}"
