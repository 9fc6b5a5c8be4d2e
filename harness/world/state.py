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
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from harness.scheduler import Scheduler
from harness.task import Both, Gate, Task
from harness.trace import Operation
from harness.world import state_calls, state_stack
from harness.world.naming import Naming
from harness.world.state_code import HARNESS, HITS, MISSES, constant, frame_contents, is_outside, namespace
from harness.world.state_contents import UNFINISHED, contents
from harness.world.state_requests import holder_gone, looks_at_unfinished, request, target, waits_for, waking
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
        self.ignored: set[str] = set()
        self._places: dict[int, tuple[int, Any]] = {}
        self.outside = self.clock = ""
        self._patience = 1_000_000
        self._aside = frozenset((UNFINISHED, HITS, MISSES))
        self._granularity: tuple[bool, bool] | None = None
        self._naming: Naming | None = None

    def refine(self) -> None:
        """From now on every access and every release is a step, and a timeout fires when it is due."""
        scheduler, points = self.world.scheduler, self.world.points
        self._granularity = (scheduler.release_points, points.full)
        scheduler.release_points = points.full = True
        scheduler.early_timeouts = False
        scheduler.on_clock = self._clock_is_read
        state_calls.listen(self)

    def restore(self) -> None:
        """Undo `refine`, for the next execution."""
        state_calls.listen(None)
        if self._granularity is not None:
            self.world.scheduler.release_points, self.world.points.full = self._granularity
            self._granularity = None

    def _clock_is_read(self) -> None:
        """The library's own timed waits look at the clock too, but only to count down what is in the state."""
        frame = next(frames_of(sys._getframe()), None)
        if frame is not None and frame.f_code.co_filename in self.world.modules.files:
            self.clock = f"looks at the clock ({_place(frame)})"

    def watch(self) -> None:
        """From now on the running thread's calls are looked at: what they touch may lie outside of the state."""
        state_calls.watch()

    def pause(self, paused: bool) -> None:
        """While paused, nobody's calls are looked at: they are the lab's."""
        state_calls.pause(paused)

    def unwatch(self) -> None:
        """The loop was none: calls are not looked at any more."""
        state_calls.unwatch()

    def touched(self, what: str) -> None:
        """Somebody touches what no state can have in it."""
        self.outside = self.outside or what

    def cache_is_read(self) -> None:
        """Somebody reads how often a cache was hit: the counts are part of the state from now on."""
        self._aside -= {HITS, MISSES}

    def is_seen(self, name: str) -> bool:
        """Whether the module's variables are part of the state, or without importance."""
        if is_outside(name) or name.startswith("namedtuple_"):
            return True
        return any(module.__name__ == name for module in self.world.modules.loaded())

    @property
    def max_steps(self) -> int:
        """The execution's step bound."""
        return self.world.scheduler.max_steps

    @property
    def now(self) -> int:
        """The virtual time, in ns."""
        return self.world.scheduler.now

    def pass_time(self) -> bool:
        """Let the clock move although threads are enabled, which only repeat themselves; False where nobody waits."""
        scheduler = self.world.scheduler
        timed = [task for task in scheduler.live if task.wants is not None and task.deadline is not None]
        if not timed and not self.clock:
            return False
        due = [task.deadline or 0 for task in timed if task.pending.kind != "look"]
        sleepers = [deadline for deadline in due if deadline > scheduler.now]
        if len(sleepers) < len(timed) or self.clock:  # somebody looks at the clock all the time: in ever longer leaps
            self._patience *= 8
            sleepers.append(scheduler.now + self._patience)
        scheduler.now = min(sleepers)
        return True

    def stop(self) -> None:
        """End the execution here."""
        self.world.scheduler.stop("lasso")

    def standing(self) -> Any:
        """Where each thread stands, what it wants, and who waits longest at a gate: equal in equal states."""
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
        line = sorted((t for t in scheduler.live if t.asked and type(t.wants) is Gate), key=lambda task: task.asked_at)
        return len(scheduler.tasks), found, [task.index for task in line]

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
            self.ignored |= walk.ignored
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
            self._aside -= {UNFINISHED}
        self._is_changed(operation, task.subject)
        frame = next(self.world.frames(self._ident(task)), None)
        place = (frame.f_code, frame.f_lasti) if frame is not None else None
        where = _place(frame) if named and frame is not None else ""
        return (
            task.index, operation.kind, waking(task), asked.ready if asked else None, place,
            asked.resource if asked else None, self._name(task) if named else "", where,
            tuple(t.index for t in enabled), target(task), holder_gone(task),
        )  # fmt: skip

    def waits_inside(self, places: Iterable[Any]) -> bool:
        """Whether one of these is in the wait of a Condition that is taken apart: what for, nobody knows there."""
        files = self.world.library.files
        codes = (place[0] for place in places if place is not None)
        return any(code.co_filename in files and code.co_qualname == "Condition.wait" for code in codes)

    def _is_changed(self, operation: Operation, subject: Any) -> None:
        """A change of a module or a class that others than this program have, too, is in no state."""
        if operation.kind != "write":
            return
        if isinstance(subject, type) and contents(subject) == constant(subject):
            self.touched(f"changes {subject.__name__}.{operation.key}")
        elif type(subject) is dict and type(name := subject.get("__name__")) is str:
            module = sys.modules.get(name)
            if module is not None and module.__dict__ is subject and module not in self.world.modules.loaded():
                self.touched(f"changes {name}.{operation.key}")

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
            walk.namespace(module.__dict__, (module.__name__, namespace(module)))
        walk.refer("Thread.name", world.library.threading.__dict__["_counter"])
        walk.refer("random", sys.modules.get("random"))
        walk.finish()


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
