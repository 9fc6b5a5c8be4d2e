"""Values as text for a person: what is stored somewhere, and how a primitive stands. No code of the program is run."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable
from itertools import islice
from types import CellType, MemberDescriptorType
from typing import Any

from harness.world.showing import brief
from harness.world.survey import is_library

LIMIT = 60
"""Characters of a value."""

DEPTH = 3
"""Containers in containers that are looked into."""

MISSING = object()
"""What is stored where nothing is."""

_PLAIN = (int, float, str, bytes, bool, type(None), complex, range)
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"), tuple: ("(", ")"), deque: ("[", "]"), set: ("{", "}"), frozenset: ("{", "}"),
}  # fmt: skip


def peek(obj: Any, key: Any) -> Any:
    """What is stored under `key` of `obj`, or MISSING."""
    if issubclass(type(obj), CellType):
        try:
            return obj.cell_contents
        except ValueError:
            return MISSING
    if issubclass(type(obj), dict):
        return dict.get(obj, key, MISSING)
    for kind in (set, frozenset):
        if issubclass(type(obj), kind):
            return key if kind.__contains__(obj, key) else MISSING
    for base in (list, bytearray):
        if issubclass(type(key), int) and issubclass(type(obj), base):
            size = base.__len__(obj)
            return base.__getitem__(obj, key) if -size <= key < size else MISSING
    inside = _inside(obj)
    if key in inside:
        return inside[key]
    for cls in type(obj).__mro__:
        if key in cls.__dict__:
            found = cls.__dict__[key]
            if type(found) is not MemberDescriptorType:
                return found
            try:
                return found.__get__(obj, cls)
            except AttributeError:
                return MISSING
    return MISSING


def show(value: Any) -> str:
    """The value in at most LIMIT characters; an object by its type's name, empty for MISSING."""
    text = "" if value is MISSING else _plain_repr(value, DEPTH)
    return text if len(text) <= LIMIT else text[: LIMIT - 1] + "…"


def standing(obj: Any) -> str | None:
    """How a primitive of the library stands, or None for all else: `set`, `2 free`, `1 of 3`, the items of a queue."""
    if is_library(type(obj)):
        for cls in type(obj).__mro__:
            if cls.__name__ in _STANDINGS:
                try:
                    return _STANDINGS[cls.__name__](_inside(obj))
                except (KeyError, TypeError):  # its __init__ is not through
                    return None
    return None


def _inside(obj: Any) -> dict[str, Any]:
    try:
        inside = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return {}
    return inside if isinstance(inside, dict) else {}


def _plain_repr(value: Any, depth: int) -> str:
    cls = type(value)
    if cls in _PLAIN:
        return brief(value)
    if not depth:
        return "…"
    if issubclass(cls, dict):
        shown = islice(dict.items(value), LIMIT)  # of which each takes some of the characters
        pairs = [f"{_plain_repr(k, depth - 1)}: {_plain_repr(v, depth - 1)}" for k, v in shown]
        return "{" + ", ".join(pairs) + "}"
    for kind, (left, right) in _BRACKETS.items():
        if issubclass(cls, kind):
            shown = kind.__iter__(value)  # type: ignore[attr-defined]
            sort = kind in (set, frozenset)
            items = [_plain_repr(item, depth - 1) for item in (shown if sort else islice(shown, LIMIT))]
            return left + ", ".join(sorted(items) if sort else items) + right
    return cls.__name__


def _barrier(inside: dict[str, Any]) -> str:
    broken = ", broken" if inside["_state"] == -2 else ""
    return f"{inside['_count']} of {inside['_parties']}{broken}"


def _queue(inside: dict[str, Any]) -> str:
    items = inside["queue"] if "queue" in inside else inside["_queue"]
    # Beside its tasks an executor puts None, to wake its workers.
    tasks = sum(times for cls, times in Counter(map(type, items)).items() if is_library(cls))
    return f"{tasks} queued" if tasks else show(items)


_STANDINGS: dict[str, Callable[[dict[str, Any]], str]] = {
    "Event": lambda inside: "set" if inside["_flag"] else "not set",
    "Semaphore": lambda inside: f"{inside['_value']} free",
    "Barrier": _barrier,
    "Queue": _queue,
    "_PySimpleQueue": _queue,
    "Future": lambda inside: str(inside["_state"]).lower(),
}
