"""The facts about blocked threads from which a deadlock is explained."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import partial
from itertools import dropwhile, islice
from pathlib import Path
from types import FrameType
from typing import Any

from harness.detectors.deadlock import Helper, Waiting
from harness.task import Task
from harness.trace import TraceStep
from harness.world.lock import InnerLock, InnerRLock
from harness.world.state_requests import field, library_class
from harness.world.world import World

_DEEDS = {
    "Condition": "notify", "Semaphore": "release", "Event": "set", "Barrier": "wait", "Future": "set_result",
    ("Queue", "get"): "put", ("Queue", "put"): "get", ("Queue", "wait"): "task_done", ("_PySimpleQueue", "get"): "put",
}  # fmt: skip
"""By primitive (and operation): what another thread does to end the wait."""

_NOT_ON_IT = ("read", "write", "start", "join", "is_alive")
"""Operations on a variable or a thread of the same name."""


def waiting(world: World, recording: Any) -> list[Waiting]:
    """Each unfinished thread; to be asked while all still stand where they were. Names only with a recording."""
    fates = _fates(world)
    steps = recording.trace(()).steps if recording is not None else ()
    return [_facts(world, task, recording, steps, fates) for task in world.scheduler.live]


def _facts(world: World, task: Task, recording: Any, steps: tuple[TraceStep, ...], fates: dict[str, str]) -> Waiting:
    operation, subject = task.call or task.pending, task.subject
    primitive = _primitive(subject)
    holder = _holder(world, task, primitive)
    known = isinstance(holder, Task)
    facts = Waiting(
        thread=task.name,
        daemon=task.daemon,
        operation=operation.kind,
        object="",
        blocked=task.wants is not None and task.wants.held,
        timed=task.deadline is not None,
        holder=holder.name if isinstance(holder, Task) else None,
        where="",
        granted="",
        primitive=primitive,
        fate=fates[holder.name] if isinstance(holder, Task) and holder.finished else "",
        detail=_detail(primitive, operation.kind, subject),
    )
    if recording is None:
        return facts
    name = recording.naming.task(task)[1]
    return facts._replace(
        object=name,
        where=_where(world, recording, task),
        granted=_place(recording.grants.get(id(subject), ("", 0))) if known else "",
        helpers=_helpers(steps, facts, name, fates),
        detail=_permits(world, operation.object, name, steps) if primitive == "Semaphore" else facts.detail,
    )


def _holder(world: World, task: Task, primitive: str) -> Any:
    """The owner of the lock that it wants, or what else it wants."""
    if not isinstance(task.wants, InnerLock):
        return task.wants
    to_be_notified = primitive == "Condition" and task.wants in (field(task.subject, "_waiters") or ())
    if task.wants.owner is task and primitive == "Lock":
        to_be_notified = any(_stands_in(world, frame) for frame in islice(_frames(world, task), 1))
    return None if to_be_notified else task.wants.owner  # who waits has taken a lock that the notifier releases


def _frames(world: World, task: Task) -> Iterator[FrameType]:
    return next((world.frames(ident) for known, ident in world.scheduler.blocked_frames() if known is task), iter(()))


def _stands_in(world: World, frame: FrameType) -> bool:
    """Whether the frame is one of an opened module of the library."""
    return frame.f_code.co_filename in world.library.files


def _where(world: World, recording: Any, task: Task) -> str:
    """Where it stands; inside the library, where in the program that comes from, too."""
    where = _place(recording.where(task))
    frames = dropwhile(partial(_stands_in, world), _frames(world, task))
    calling = next((_place((frame.f_code.co_filename, frame.f_lineno)) for frame in frames), "")
    return where if calling in ("", where) else f"{where}, from {calling}"


def _fates(world: World) -> dict[str, str]:
    """By name, what became of each thread so far."""
    crashed = {name: type(error).__name__ for name, error in world.crashes}
    fates = {}
    for task in world.scheduler.tasks:
        if task.name in crashed:
            fates[task.name] = f"crashed ({crashed[task.name]})"
        elif task.finished:
            fates[task.name] = "has finished"
        elif task.pending.kind == "exit":
            fates[task.name] = "has returned"
        else:
            fates[task.name] = "waits itself" if task.wants is not None and task.wants.held else "does something else"
    return fates


def _helpers(steps: tuple[TraceStep, ...], facts: Waiting, name: str, fates: dict[str, str]) -> tuple[Helper, ...]:
    deed = _DEEDS.get((facts.primitive, facts.operation)) or _DEEDS.get(facts.primitive)
    if not name or deed is None:
        return ()
    on_it = [step for step in steps if step.object == name and step.operation not in _NOT_ON_IT]
    did = {step.thread for step in on_it if step.operation == deed}
    used = {step.thread for step in on_it}
    others = [thread for thread in fates if thread != facts.thread]
    return tuple(Helper(thread, thread in did, thread in used, fates[thread]) for thread in others)


def _primitive(subject: Any) -> str:
    if issubclass(type(subject), InnerLock):
        return "RLock" if isinstance(subject, InnerRLock) else "Lock"
    return library_class(subject)


def _detail(primitive: str, kind: str, subject: Any) -> str:
    if primitive == "Barrier":
        return f"{field(subject, '_count')} of {field(subject, '_parties')} are there"
    if (primitive, kind) == ("Queue", "wait"):
        return f"{field(subject, 'unfinished_tasks')} to go"
    if (primitive, kind) == ("Future", "result"):
        return "which nobody has begun" if field(subject, "_state") == "PENDING" else "which is under way"
    return ""


def _permits(world: World, token: Hashable, name: str, steps: tuple[TraceStep, ...]) -> str:
    """Who has taken permits and not given them back. (Anybody may do that, so these are not said to hold them.)"""
    taken = {thread: n for (obj, thread), n in world.scheduler.bypasses.grants.items() if obj == token}
    for step in steps:
        if step.operation == "release" and step.object == name and step.thread in taken:
            taken[step.thread] -= 1
    return ", ".join(f"{thread} has taken {n}" for thread, n in taken.items() if n > 0)


def _place(where: tuple[str, int]) -> str:
    return f"{Path(where[0]).name}:{where[1]}" if where[0] else ""
