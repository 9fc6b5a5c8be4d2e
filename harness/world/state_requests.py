"""What a thread asks for, and whether it is to be had: known before the step, from the state alone.

The library's objects are CPython's own (`Semaphore._value`, `Event._flag`, `Queue.queue` …), so their
attributes tell what the operation will find when it runs, for operations are atomic until they block.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable
from typing import Any, NamedTuple

from harness.task import Both, Task
from harness.trace import Operation
from harness.world.access_types import closed_module_of
from harness.world.lock import InnerLock


class Request(NamedTuple):
    """`resource` is equal for all who compete; `ready`: it can be granted now."""

    resource: Hashable
    ready: bool


def request(task: Task) -> Request | None:
    """What `task` asks for with the step that it is about to make, or is blocked in."""
    kind, subject = (task.call or task.pending).kind, task.subject
    if issubclass(type(subject), InnerLock):
        if kind not in ("acquire", "try_acquire"):
            return None
        wants = task.wants
        return Request(id(subject), not (wants if wants is not None else subject).held)
    reader = _READERS.get((library_class(subject), kind))
    return None if reader is None else reader(task, subject)


def waking(task: Task) -> bool:
    """True where the step continues an operation that the thread was blocked in."""
    return task.pending.kind == "wake"


def target(task: Task) -> int | None:
    """The thread that the step asks about: is it alive, has it ended in time."""
    other = getattr(task.subject, "_task", None) if task.pending.kind in ("is_alive", "join") else None
    return other.index if isinstance(other, Task) else None


def waits_for(task: Task) -> int | None:
    """Who holds the lock that `task` is blocked on, or whom it joins."""
    wants = task.wants
    if isinstance(wants, Task):
        return wants.index
    return wants.owner.index if isinstance(wants, InnerLock) and wants.owner is not None else None


def holder_gone(task: Task) -> str:
    """The name of the thread that has ended with the lock in hand for which `task` asks, or empty."""
    lock = task.subject
    gone = isinstance(lock, InnerLock) and lock.held and lock.owner is not None and lock.owner.finished
    return lock.owner.name if gone else ""


def looks_at_unfinished(operation: Operation, subject: Any) -> bool:
    """True for an operation whose effect depends on a queue's count of unfinished tasks.

    `put` adds to it and nothing else, so a loop of puts and gets repeats although the count grows.
    """
    if operation.kind == "read":
        return operation.key == "unfinished_tasks"
    return operation.kind in ("task_done", "wait") and library_class(subject) == "Queue"


def library_class(subject: Any) -> str:
    for cls in type(subject).__mro__:
        if closed_module_of(cls) in ("threading", "queue", "concurrent.futures._base"):
            if cls.__name__ in ("BoundedSemaphore", "LifoQueue", "PriorityQueue"):
                continue
            return cls.__name__
    return ""


def field(obj: Any, name: str) -> Any:
    return object.__getattribute__(obj, "__dict__").get(name)


def _woken(task: Task) -> bool:
    """Woken by somebody and not by the clock."""
    wants = task.wants
    first = wants.first if isinstance(wants, Both) else wants
    return waking(task) and first is not None and not first.held


def _condition(task: Task, condition: Any) -> Request:
    return Request(id(field(condition, "_lock")), _woken(task))


def _semaphore(task: Task, semaphore: Any) -> Request:
    return Request(id(semaphore), field(semaphore, "_value") > 0)


def _event(task: Task, event: Any) -> Request:
    return Request(id(event), bool(field(event, "_flag")) or _woken(task))


def _barrier(task: Task, barrier: Any) -> Request:
    state, here = field(barrier, "_state"), field(barrier, "_count")
    full = here + 1 == field(barrier, "_parties") and not waking(task)
    return Request(id(barrier), state == 1 if waking(task) else state == 0 and full)


def _get(task: Task, queue: Any) -> Request | None:
    items = field(queue, "queue")
    return Request((id(queue), "get"), len(items) > 0) if type(items) in (deque, list) else None


def _put(task: Task, queue: Any) -> Request | None:
    items, most = field(queue, "queue"), field(queue, "maxsize")
    if type(items) not in (deque, list) or type(most) is not int:
        return None
    return Request((id(queue), "put"), most <= 0 or len(items) < most)


def _simple_get(task: Task, queue: Any) -> Request:
    return Request((id(queue), "get"), len(field(queue, "_queue")) > 0)


_READERS = {
    ("Condition", "wait"): _condition,
    ("Semaphore", "acquire"): _semaphore,
    ("Event", "wait"): _event,
    ("Barrier", "wait"): _barrier,
    ("Queue", "get"): _get,
    ("Queue", "put"): _put,
    ("_PySimpleQueue", "get"): _simple_get,
}
