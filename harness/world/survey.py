"""What is shared, under which name: a walk over the objects a program can reach.

Taken when the second thread starts, while the program is still the same whatever the schedule: the
number of an object in the walk (its token) is then equal in all executions of a search, and its path
(`forks[2]`, `alice.lock`) is how a person would name it. An object that appears later is known by
its type only (`late`), which makes operations on two such objects dependent: more work for an
exhaustive search, never a missed interleaving.
"""

from __future__ import annotations

import sys
import weakref
from collections import deque
from collections.abc import Container, Hashable, Iterable, Iterator
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any

from harness.trace import WHOLE

LIMIT = 5_000
"""Objects looked at, at most; what lies beyond counts as late."""

_PLAIN = (int, float, complex, str, bytes, bool, type(None), range)
_ITEMS = (list, tuple, deque)
_UNCHANGING = (tuple, weakref.ref)


class Survey:
    """Tokens and names of the objects reachable from `roots`, a sequence of (name, object).

    Functions and classes are looked into only where they come from `files`, the program's own.
    """

    def __init__(self, roots: Iterable[tuple[str, Any]], files: Container[str]) -> None:
        self._files = files
        self._found: dict[int, tuple[int, str]] = {}
        self._held: list[Any] = []
        self._classes: dict[type, int] = {}
        self._walk(deque(roots))

    def token(self, obj: Any) -> Hashable:
        """Equal for one object in all executions of a search."""
        found = self._found.get(id(obj))
        return found[0] if found else ("late", type(obj).__name__)

    def name(self, obj: Any) -> str | None:
        """The object's path, or None where the walk did not meet it."""
        found = self._found.get(id(obj))
        if found is None:
            return None
        cls = type(obj)
        alone = self._classes.get(cls) == 1 and hasattr(obj, "__dict__") and cls.__module__ not in _LIBRARY
        return cls.__name__ if alone else found[1]

    def _walk(self, todo: deque[tuple[str, Any]]) -> None:
        found = self._found
        seen = 0
        while todo and len(found) < LIMIT:
            name, obj = todo.popleft()
            if isinstance(obj, _PLAIN) or id(obj) in found:
                continue
            if isinstance(obj, ModuleType) or not self._is_own(obj):
                continue
            if type(obj) in _UNCHANGING:  # to hold one would keep alive what is in it, or have its callback called
                seen += 1
                todo.extend(_parts(name, obj) if seen < LIMIT else ())
                continue
            found[id(obj)] = (len(found), name)
            self._classes[type(obj)] = self._classes.get(type(obj), 0) + 1
            self._hold(obj)
            todo.extend(_parts(name, obj))

    def _is_own(self, obj: Any) -> bool:
        if isinstance(obj, FunctionType):
            return obj.__code__.co_filename in self._files
        if isinstance(obj, type):
            module = sys.modules.get(obj.__module__)
            return getattr(module, "__file__", None) in self._files
        return True

    def _hold(self, obj: Any) -> None:
        """An identity must not be taken over by a later object; what may have a finalizer is not kept alive."""
        found, ident = self._found, id(obj)
        try:
            self._held.append(weakref.ref(obj, lambda _: found.pop(ident, None)))
        except TypeError:
            self._held.append(obj)


_LIBRARY = frozenset(("threading", "_thread", "queue", "builtins", "collections", "concurrent.futures.thread"))


def location(name: str, key: Hashable, kind: str) -> str:
    """The readable name of `key` in the object called `name`."""
    if key is WHOLE or kind == "cell":
        return name
    if kind == "globals":
        return str(key)
    return f"{name}.{key}" if kind == "attribute" else f"{name}[{key!r}]"


def _parts(name: str, obj: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(obj, _ITEMS):
        yield from ((f"{name}[{i}]", item) for i, item in enumerate(obj))
    elif isinstance(obj, dict):
        yield from ((f"{name}[{key!r}]", value) for key, value in list(obj.items()) if _plain_key(key))
    elif isinstance(obj, FunctionType):
        yield from zip(obj.__code__.co_freevars, obj.__closure__ or ())
    elif isinstance(obj, CellType):
        try:
            yield name, obj.cell_contents
        except ValueError:
            pass
    elif isinstance(obj, MethodType):
        yield name, obj.__self__
        yield name, obj.__func__
    elif isinstance(obj, partial):
        yield from ((name, part) for part in (obj.func, *obj.args, *obj.keywords.values()))
    elif isinstance(obj, type):
        yield from ((f"{obj.__name__}.{key}", value) for key, value in vars(obj).items() if not key.startswith("__"))
    else:
        yield from _attributes(name, obj)


def _plain_key(key: Any) -> bool:
    return isinstance(key, int) or (isinstance(key, str) and key != "__builtins__")


def _attributes(name: str, obj: Any) -> Iterator[tuple[str, Any]]:
    if type(obj).__module__ == "_thread":
        return
    try:
        inside = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        inside = None
    if isinstance(inside, dict):
        yield from ((f"{name}.{key}", value) for key, value in list(inside.items()) if isinstance(key, str))
    for cls in type(obj).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot not in ("__dict__", "__weakref__"):
                try:
                    yield f"{name}.{slot}", object.__getattribute__(obj, slot)
                except AttributeError:
                    pass
