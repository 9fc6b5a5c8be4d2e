"""Complete states: everything that determines how an execution goes on, as one comparable value.

A state is taken between two steps, while every thread stands at a scheduling point: for each
unfinished thread its frames (code, place, variables, operand stack), what it is about to do, what it
waits for and for how long; then the program's global variables; then all that can be reached from
there (state_walk.py). Two equal states go on equally under a policy that depends on nothing else.

`standing` is the cheap part, places only: it tells whether a complete state is worth taking.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from harness.scheduler import Scheduler
from harness.task import Both, Task
from harness.world import state_stack
from harness.world.naming import Naming
from harness.world.state_contents import HARNESS, UNFINISHED, frame_contents
from harness.world.state_requests import looks_at_unfinished, request, target, waits_for, waking
from harness.world.state_walk import Differs, Walk
from harness.world.world import World

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
        self.clock_read = ""
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

    def restore(self) -> None:
        """Undo `refine`, for the next execution."""
        if self._granularity is not None:
            self.world.scheduler.release_points, self.world.points.full = self._granularity
            self._granularity = None

    def _clock_is_read(self) -> None:
        """The library's own timed waits look at the clock too, but only to count down what is in the state."""
        frame = next(frames_of(sys._getframe()), None)
        if frame is not None and frame.f_code.co_filename in self.world.modules.files:
            self.clock_read = _place(frame)

    def pass_time(self) -> None:
        """Let the clock move although a thread is enabled: for loops that wait for it without sleeping."""
        self._patience *= 2
        self.world.scheduler.now += self._patience
        self.clock_read = ""

    def stop(self) -> None:
        """End the execution here."""
        self.world.scheduler.stop("lasso")

    def standing(self) -> Any:
        """Where each thread stands and what it wants: equal in equal states."""
        scheduler = self.world.scheduler
        tops: dict[int, FrameType] | None = None
        found = []
        for task, ident in scheduler.blocked_frames():
            known = self._places.get(task.index)
            if known is None or known[0] != task.steps:
                tops = tops or sys._current_frames()
                place = tuple((id(f.f_code), f.f_lasti) for f in frames_of(tops.get(ident)))
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
            self.differs[str(where)] = self.differs.get(str(where), 0) + 1
            return None
        finally:
            self.cost += len(walk.tokens)
            self.unknown = walk.unknown
        return walk.tokens

    def opaque(self, tasks: set[int]) -> str:
        """Why the state is not complete for `tasks`, the threads that run, or empty."""
        if self.unknown:
            return f"{self.unknown[0]} cannot be looked into"
        tops = sys._current_frames()
        for task, ident in self.world.scheduler.blocked_frames():
            if task.index in tasks:
                frames = list(frames_of(tops.get(ident), with_labs=True))
                for inner, frame in zip(frames, frames[1:]):
                    if not is_labs(frame) and state_stack.hides_progress(inner, frame):
                        return f"{task.name} is inside C code called at {_place(frame)}"
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
            asked.resource if asked else None, self._name(task) if named else "", where, tuple(t.index for t in enabled),
            target(task),
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
        tops, files = sys._current_frames(), world.modules.files
        for task, ident in world.scheduler.blocked_frames():
            pending, wants = task.pending, task.wants
            timeout = None if task.deadline is None or wants is None else task.deadline - now
            walk.emit((task.index, pending.kind, pending.site, timeout, wants is not None and wants.held))
            walk.refer(f"{task.name}: subject", task.subject)
            for want in (wants.first, wants.second) if isinstance(wants, Both) else (wants,):
                walk.refer(f"{task.name}: wants", want)
            walk.refer(task.name, task.handle)
            for frame in reversed(list(frames_of(tops.get(ident)))):
                head, pairs = frame_contents(frame)
                walk.unfold((head, pairs if frame.f_code.co_filename in files else _counted_down(pairs, now)))
        for module in world.modules.loaded():
            names = [(name, value) for name, value in module.__dict__.items() if not name.startswith("__")]
            walk.unfold((module.__name__, names))
        walk.refer("random", sys.modules.get("random"))
        walk.finish()


def frames_of(frame: FrameType | None, with_labs: bool = False) -> Iterator[FrameType]:
    """A program thread's frames, innermost first; those of the lab only where asked for."""
    while frame is not None and frame.f_code not in _BASES:
        if with_labs or not is_labs(frame):
            yield frame
        frame = frame.f_back


@lru_cache(maxsize=None)
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
