"""Readable names for what operations work on: `Account.balance`, `forks[2]`, `payer.lock`; never an address."""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable, Hashable
from enum import Enum
from types import CellType
from typing import Any

from harness.task import Task
from harness.trace import WHOLE, Operation
from harness.world.showing import brief
from harness.world.survey import Survey

SURVEYS = 50
"""New walks over the program's objects per execution, at most; afterwards unknown objects go by their type."""

_DATA = ("read", "write")
_PLAIN = (int, str, bytes, float, complex, type(None), type(...))
_CONTAINERS = (dict, list, tuple, set, frozenset, deque, bytearray)


class Naming:
    """Names for one execution. An object keeps the name it was first given."""

    def __init__(self, survey: Callable[[], Survey], is_globals: Callable[[Any], bool]) -> None:
        self._take_survey = survey
        self._is_globals = is_globals
        self._names: dict[int, tuple[Any, str]] = {}
        self._taken: dict[str, int] = {}
        self._surveys = 0
        self._survey: Survey | None = None

    def task(self, task: Task) -> tuple[str, str]:
        """A task's pending operation as (kind, name of the object, "" where it has none)."""
        operation = task.pending
        if operation.kind in ("begin", "end", "sleep", "exit"):
            return operation.kind, ""
        return operation.kind, self.operand(operation, task.subject)

    def operand(self, operation: Operation, subject: Any) -> str:
        """The name of what `operation` on `subject` touches."""
        if subject is None:
            return ""
        thread_name = getattr(subject, "_name", None) if operation.kind in ("start", "join", "is_alive") else None
        if thread_name is not None:
            return str(subject._task.name if subject._task is not None else thread_name)
        if operation.kind not in _DATA:
            return self.object(subject)
        return self.location(subject, operation.key)

    def location(self, obj: Any, key: Hashable) -> str:
        """`key` of `obj`: an attribute, an item, a global, a closure cell, or all of it (WHOLE)."""
        if self._is_globals(obj):
            return str(key) if isinstance(key, str) else "globals()"
        name = self.object(obj)
        if key is WHOLE or type(obj) is CellType:
            return name
        if isinstance(key, str) and not issubclass(type(obj), _CONTAINERS):
            return f"{name}.{key}"
        return f"{name}[{self._key(key)}]"

    def _key(self, key: Any) -> str:
        kind = type(key)
        if kind is tuple or kind is frozenset:
            parts = [self._key(part) for part in key]
            return f"({', '.join(parts)})" if kind is tuple else f"{{{', '.join(sorted(parts))}}}"
        if issubclass(kind, Enum):
            return f"{kind.__name__}.{key._name_}"
        return brief(key) if issubclass(kind, _PLAIN) else self.object(key)

    def object(self, obj: Any) -> str:
        """The path by which the program reaches `obj`, else its type's name, numbered from the second on."""
        known = self._names.get(id(obj))
        if known is not None:
            return known[1]
        name = self._path(obj) or self._unique(type(obj).__name__)
        self._names[id(obj)] = (self._hold(obj), name)
        return name

    def _hold(self, obj: Any) -> Any:
        """Keeps the identity from being reused; what may have a finalizer is not kept alive."""
        names, ident = self._names, id(obj)
        try:
            return weakref.ref(obj, lambda _: names.pop(ident, None))
        except TypeError:
            return obj

    def _path(self, obj: Any) -> str | None:
        link = self._survey.link(obj) if self._survey is not None else None
        if link is None and self._surveys < SURVEYS:
            self._surveys += 1
            self._survey = self._take_survey()
            link = self._survey.link(obj)
        if link is None:
            return None
        if link.parent is None:
            return link.suffix if link.alone else self._unique(link.suffix)
        parent = link.parent() if type(link.parent) is weakref.ref else link.parent
        return self.object(parent) + link.suffix if parent is not None else None

    def _unique(self, name: str) -> str:
        self._taken[name] = count = self._taken.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"
