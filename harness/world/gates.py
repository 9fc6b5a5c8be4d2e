"""Gates: an untimed operation of the library's that would block waits before it begins, as an acquire of a lock does.

CPython's code then goes through in one step. It need not be entered to wait, because a thread that has not come yet
cannot be told from one that waits:

    Semaphore.acquire, Queue.get, Queue.put, SimpleQueue.get    are woken one at a time and then look again: one that
                                                                finds nothing and waits again might as well have come
                                                                later, and one that is passed over, too
    Queue.join, Future.result, Future.exception                 all who wait are woken, and look
    Event.wait                                                  all who wait are woken, and go on

Three things can tell, and where a program does one of them arriving is a step of its own again (the search starts anew
with `Scheduler.arrival_points`, and says so in its witnesses):

- The time passes while two threads wait for the same. They stand in line, and which of them came first shows, for
  who has not come cannot let time pass. With one thread waiting, or none, it does not.
- An event is cleared. Who has waited goes on all the same; who was to come would find it cleared.
- The program works on what is inside (`q.queue.clear()`, `sem._value = 1`): nobody is notified of that. An operation
  that fails half-way (items of a PriorityQueue that cannot be compared) leaves the same behind, and a second
  `__init__` forgets who waits.

It is one as well where bypasses are judged, which go by who asked first, and always where an operation is called from
within another one, with a time limit, or on a class that has other insides than the library's.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from harness.task import Gate
from harness.world.access_types import module_of

_MODULES = frozenset(("threading", "queue", "concurrent.futures._base"))
_OVER = frozenset(("CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED"))


class Rule(NamedTuple):
    """When an operation goes through. `arguments`: those before `timeout`; `insides`: what no subclass may replace."""

    opens: Callable[[Any], bool]
    arguments: tuple[str, ...]
    in_line: bool
    insides: tuple[str, ...] = ()


def field(obj: Any, name: str) -> Any:
    """What an instance keeps under `name`, whatever its class makes of that."""
    return object.__getattribute__(obj, "__dict__").get(name)


def has_item(queue: Any) -> bool:
    """Whether `get` of a Queue need not wait."""
    return len(field(queue, "queue")) > 0 or bool(field(queue, "is_shutdown"))


def has_room(queue: Any) -> bool:
    """Whether `put` of a Queue need not wait."""
    most = field(queue, "maxsize")
    return most <= 0 or len(field(queue, "queue")) < most or bool(field(queue, "is_shutdown"))


_OF_QUEUE = ("_init", "_qsize", "_put", "_get", "queue", "maxsize", "unfinished_tasks", "is_shutdown")

RULES: Mapping[str, Mapping[str, Rule]] = {
    "Semaphore": {"acquire": Rule(lambda it: field(it, "_value") != 0, ("blocking",), True, ("_value", "_cond"))},
    "Event": {"wait": Rule(lambda it: bool(field(it, "_flag")), (), False, ("_flag", "_cond"))},
    "Queue": {
        "get": Rule(has_item, ("block",), True, _OF_QUEUE),
        "put": Rule(has_room, ("item", "block"), True, _OF_QUEUE),
        "wait": Rule(lambda it: not field(it, "unfinished_tasks"), (), False, _OF_QUEUE),
    },
    "_PySimpleQueue": {"get": Rule(lambda it: len(field(it, "_queue")) > 0, ("block",), True, ("_queue", "_count"))},
    "Future": {"result": Rule(lambda it: field(it, "_state") in _OVER, (), False, ("_state", "_condition"))},
}
"""By class and kind of operation."""


def gate(rule: Rule, kind: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Gate | None:
    """What a call of the operation waits for before it begins; None where it may have to wait inside, or is wrong."""
    primitive, *given = args
    values = dict(zip((*rule.arguments, "timeout"), given, strict=False))
    if len(given) > len(rule.arguments) + 1 or any(name in values for name in kwargs):
        return None
    values.update(kwargs)
    if values.get("timeout") is not None or not _waits(values) or ("item" in rule.arguments) != ("item" in values):
        return None
    if not set(values) <= {*rule.arguments, "timeout"} or not _is_plain(primitive, rule):
        return None
    return Gate(primitive, kind, rule.opens, rule.in_line)


def open_gates(rules: Mapping[str, Rule], primitive: Any) -> tuple[str, ...]:
    """The kinds of operation that would go through now."""
    return tuple(kind for kind, rule in rules.items() if _is_plain(primitive, rule) and rule.opens(primitive))


def is_the_librarys(primitive: Any) -> bool:
    """Whether its class is, and none that a program derived."""
    return module_of(type(primitive)) in _MODULES


def _waits(values: dict[str, Any]) -> bool:
    flag = values.get("block", values.get("blocking", True))
    return type(flag) in (bool, int) and bool(flag)


def _is_plain(primitive: Any, rule: Rule) -> bool:
    """Whether the insides are the library's, and hold what it puts there."""
    for cls in () if is_the_librarys(primitive) else type(primitive).__mro__:
        if module_of(cls) not in _MODULES and not vars(cls).keys().isdisjoint(rule.insides):
            return False
    return all(_TYPES[name](field(primitive, name)) for name in rule.insides if name in _TYPES)


def _is_number(value: Any) -> bool:
    return type(value) in (int, bool)


_TYPES: Mapping[str, Callable[[Any], bool]] = {
    "_value": _is_number, "maxsize": _is_number, "unfinished_tasks": _is_number, "_flag": _is_number,
    "queue": lambda value: type(value) in (deque, list), "_queue": lambda value: type(value) is deque,
    "_state": lambda value: type(value) is str,
}  # fmt: skip
