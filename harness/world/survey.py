"""What is shared, under which name: a walk over the objects a program can reach.

Taken when the second thread starts, while the program is still the same whatever the schedule: the
number of an object in the walk (its token) is then equal in all executions of a search. An object that
appears later is known by its type only (`late`), which makes operations on two such objects
dependent: more work for an exhaustive search, never a missed interleaving.

The way by which the walk comes to an object is how a person would name it (`forks[2]`, `alice.lock`):
globals first, then the variables of main and of the other threads; near things first, and what
only a loop's variable holds just now at the end. The library's objects are looked into no further than
a program can see: a Condition's lock goes by the Condition's name, an executor's queue by the executor's.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Container, Hashable, Iterable, Iterator
from functools import partial
from types import CellType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

from harness.world.access_types import closed_module_of, module_of
from harness.world.showing import brief

LIMIT = 5_000
"""Objects looked at, at most; what lies beyond counts as late."""

NEAR = 2
"""Dots and brackets in a name that is looked for among a root's parts before the next root's turn comes."""

LIBRARY = frozenset(
    ("threading", "_thread", "queue", "_threading_local", "concurrent.futures._base", "concurrent.futures.thread")
)
"""Modules whose objects are the world's own."""

_PLAIN = (int, float, complex, str, bytes, bool, type(None), range)
_ITEMS = (list, tuple, deque)
_UNCHANGING = (tuple, weakref.ref)

Roots = Iterable[tuple[str, Any]]


class Link(NamedTuple):
    """How an object was found: `suffix` (`.lock`, `[2]`) of `parent`, or as a root, whose name `suffix` is then.

    `parent` is a weak reference where there can be one: what is watched is not kept alive. `alone`: the
    object goes by its class, and has to be told apart from nothing else but that class.
    """

    token: int
    parent: Any
    suffix: str
    alone: bool = False


class Survey:
    """Tokens and names of the objects reachable from groups of roots, each a sequence of (name, object).

    Functions and classes are looked into only where they come from `files` and `modules`, the program's own.
    """

    def __init__(self, groups: Iterable[Roots], files: Container[str], modules: Container[str]) -> None:
        self._files = files
        self._modules = modules
        self._found: dict[int, Link] = {}
        self._held: list[Any] = []
        self._classes: dict[type, int] = {}
        self._unchanging = 0
        far: deque[tuple[Any, str, Any, int]] = deque()
        for roots in groups:
            self._walk(deque((None, name, obj, 0) for name, obj in roots), far)
        self._walk(far, None)

    def token(self, obj: Any) -> Hashable:
        """Equal for one object in all executions of a search."""
        found = self._found.get(id(obj))
        return found.token if found else ("late", type(obj).__name__)

    def link(self, obj: Any) -> Link | None:
        """How the walk came to the object, or None where it did not."""
        found = self._found.get(id(obj))
        if found is None:
            return None
        cls = type(obj)
        alone = self._classes.get(cls) == 1 and self._is_own(cls)
        return Link(found.token, None, cls.__name__, alone) if alone else found

    def _walk(self, todo: deque[tuple[Any, str, Any, int]], far: deque[tuple[Any, str, Any, int]] | None) -> None:
        found = self._found
        while todo and len(found) < LIMIT:
            parent, suffix, obj, depth = todo.popleft()
            if id(obj) in found or not self._counts(obj):
                continue
            if far is not None and depth > NEAR:
                far.append((parent, suffix, obj, depth))
                continue
            if type(obj) in _UNCHANGING:  # to hold one would keep alive what is in it, or have its callback called
                self._unchanging += 1
                if self._unchanging < LIMIT:
                    todo.extend((parent, suffix + more, part, depth + 1) for more, part in _parts(obj))
                continue
            found[id(obj)] = Link(len(found), parent, suffix)
            self._classes[type(obj)] = self._classes.get(type(obj), 0) + 1
            holder = self._hold(obj)
            for more, part in _parts(obj):
                named = more and not more.startswith((".", "["))
                todo.append((None, more, part, depth) if named else (holder, more, part, depth + 1))

    def _counts(self, obj: Any) -> bool:
        cls = type(obj)
        if issubclass(cls, _PLAIN) or issubclass(cls, ModuleType) or module_of(cls).partition(".")[0] == "harness":
            return cls.__name__ in ("lock", "RLock")
        return self._is_own(obj)

    def _is_own(self, obj: Any) -> bool:
        cls = type(obj)
        if cls is FunctionType:
            return obj.__code__.co_filename in self._files
        if issubclass(cls, type):
            return module_of(obj) in self._modules
        return True

    def _hold(self, obj: Any) -> Any:
        """An identity must not be taken over by a later object; what may have a finalizer is not kept alive."""
        found, ident = self._found, id(obj)
        try:
            holder: Any = weakref.ref(obj, lambda _: found.pop(ident, None))
        except TypeError:
            holder = obj
        self._held.append(holder)
        return holder


def is_library(cls: type) -> bool:
    """True for the world's own primitives, and for classes derived from them; not for those of opened modules."""
    return any(closed_module_of(base) in LIBRARY for base in cls.__mro__)


def _parts(obj: Any) -> Iterator[tuple[str, Any]]:
    """What the object leads to, with what is appended to its name; a part that begins anew has a name of its own."""
    cls = type(obj)
    if issubclass(cls, _ITEMS):
        yield from ((f"[{i}]", item) for i, item in enumerate(cls.__iter__(obj)))
    elif issubclass(cls, dict):
        yield from ((f"[{brief(key)}]", value) for key, value in list(dict.items(obj)) if _plain_key(key))
    elif cls is FunctionType:
        yield from zip(obj.__code__.co_freevars, obj.__closure__ or (), strict=False)
    elif cls is CellType:
        try:
            yield "", obj.cell_contents
        except ValueError:
            pass
    elif cls is MethodType:
        yield "", obj.__self__
        yield "", obj.__func__
    elif cls is partial:
        yield from (("", part) for part in (obj.func, *obj.args, *obj.keywords.values()))
    elif issubclass(cls, type):
        yield from ((f".{key}", value) for key, value in vars(obj).items() if not key.startswith("__"))
    elif is_library(cls):
        yield from _library_parts(obj)
    else:
        yield from _attributes(obj)


def _library_parts(obj: Any) -> Iterator[tuple[str, Any]]:
    if any(module_of(base) == "_threading_local" for base in type(obj).__mro__):
        yield from _of_all_threads(obj)
        return
    inside = getattr(obj, "__dict__", {})
    for name in ("_lock", "_work_queue"):
        if name in inside:
            yield "", inside[name]
    if "_idle_semaphore" in inside:
        yield "._idle_semaphore", inside["_idle_semaphore"]
    if "_target" in inside:
        yield "", inside["_target"]
    yield from ((f".{name}", value) for name, value in list(inside.items()) if not name.startswith("_"))


def _of_all_threads(local: Any) -> Iterator[tuple[str, Any]]:
    """What is in a `threading.local`, read beneath its own code, which would give this thread its part of it."""
    try:
        parts = object.__getattribute__(local, "_local__impl").dicts
    except AttributeError:  # its __new__ is not through
        return
    for _, inside in list(parts.values()):
        yield from ((f".{name}", value) for name, value in list(inside.items()))


def _plain_key(key: Any) -> bool:
    return isinstance(key, int) or (isinstance(key, str) and key != "__builtins__")


def _attributes(obj: Any) -> Iterator[tuple[str, Any]]:
    try:
        inside = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        inside = None
    if isinstance(inside, dict):
        yield from ((f".{key}", value) for key, value in list(inside.items()) if isinstance(key, str))
    for cls in type(obj).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for slot in (slots,) if isinstance(slots, str) else slots:
            if slot not in ("__dict__", "__weakref__"):
                try:
                    yield f".{slot}", object.__getattribute__(obj, slot)
                except AttributeError:
                    pass
