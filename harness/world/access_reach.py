"""What a value leads to: the locations that reading it, changing it or looking through it touches."""

from __future__ import annotations

import gc
import itertools
import operator
import types
from array import array
from collections.abc import Iterable
from enum import Enum
from typing import Any

from harness.trace import WHOLE
from harness.world.access_outside import stepping_outside
from harness.world.access_types import (
    FRESH_ITERATORS,
    closed_module_of,
    derives,
    facts_of,
    instances,
    is_instrumented,
    lookup,
    module_of,
)
from harness.world.access_types import Effect as Effect
from harness.world.access_types import Touch as Touch

PLAIN_KEYS = frozenset((int, str, bytes, float, bool, complex, type(None), types.EllipsisType))
INERT = PLAIN_KEYS | {types.FunctionType, type, types.ModuleType}
DEPTH = 10_000  # containers within containers that one operation announces at most


CALLS: Touch = ("calls", None, None)
"""Stands in a list of touches for methods of the program's that run between them (`__eq__` of elements, say)."""

REPLACED: Touch = ("replaced", None, None)
"""Stands for a method, a property or a function whose loads are no accesses and that is exchanged."""

_APPLYING = (map, filter, itertools.starmap, itertools.chain, itertools.accumulate, itertools.filterfalse,
             itertools.takewhile, itertools.dropwhile, itertools.groupby)  # fmt: skip
"""Iterators that do more with an element than hand it on."""

LOOKING = frozenset((operator.attrgetter, operator.methodcaller, operator.itemgetter))
"""Callables written in C that look into the program's objects."""


def is_plain_key(key: Any) -> bool:
    """True if hashing and comparing the key runs no code of the program."""
    kind = type(key)
    if kind in PLAIN_KEYS:
        return True
    if kind is tuple or kind is frozenset:
        return all(map(is_plain_key, key))
    if derives(kind, (Enum,)):
        return not is_instrumented(lookup(kind, "__hash__")[0])
    return lookup(kind, "__hash__")[0] is object.__hash__ and lookup(kind, "__eq__")[0] is object.__eq__


def compares_quietly(key: Any) -> bool:
    """The same, and what it looks at never changes: a path, a date, a named tuple of such values."""
    kind = type(key)
    if not derives(kind, (tuple, frozenset)):
        return is_plain_key(key) or facts_of(kind).sort == "immutable"
    own = any(is_instrumented(lookup(kind, name)[0]) for name in ("__hash__", "__eq__"))
    return not own and all(map(compares_quietly, (tuple if derives(kind, (tuple,)) else frozenset).__iter__(key)))


def place(container: Any, key: Any) -> Any:
    """The location an index or key stands for within a container; WHOLE where it cannot be told."""
    base = facts_of(type(container)).base
    if base is dict or base is set:
        return key if is_plain_key(key) else WHOLE
    if type(key) is not int or base is None:
        return WHOLE
    return key + base.__len__(container) if key < 0 else key


def contents(value: Any) -> Any:
    """The container that a view shows; any other value itself."""
    kind = type(value)
    if facts_of(kind).sort != "view":
        return value
    if kind is memoryview:
        shown = next(iter(gc.get_referents(*gc.get_referents(value))), value)
        return next(iter(gc.get_referents(shown)), shown) if type(shown).__name__ == "_BytesIOBuffer" else shown
    return gc.get_referents(value if kind is types.MappingProxyType else value.mapping)[0]


def readable(values: Iterable[Any]) -> list[Touch]:
    """Reading all of each container among the values."""
    return _touching("read", values)


def _touching(kind: str, values: Iterable[Any]) -> list[Touch]:
    touches: list[Touch] = []
    for value in values:
        sort = facts_of(type(value)).sort
        if sort == "container":
            touches.append((kind, value, WHOLE))
        elif sort == "foreign":
            touches += deep(value) if kind == "read" else changing(deep(value))
        elif sort == "view":
            touches.append((kind, contents(value), WHOLE))
        elif sort in ("iterator", "generator"):
            touches += stepping(value)
    return touches


def writable(values: Iterable[Any]) -> list[Touch]:
    """Changing any container or iterator among the values."""
    return _touching("write", values)


def stepping(iterator: Any) -> list[Touch]:
    """Advancing an iterator: it changes, and what it walks over is read."""
    there = stepping_outside(iterator)
    if there is not None:
        return [there]
    if type(iterator) in FRESH_ITERATORS and type(iterator) is not type(iter(range(0))):
        return [("write", iterator, WHOLE)]
    touches: list[Touch] = [("write", iterator, WHOLE)]
    pending, seen, applying = [iterator], {id(iterator)}, type(iterator) in _APPLYING
    changes = applying and any(map(changing_function, gc.get_referents(iterator)))
    while pending and len(seen) < DEPTH:
        for source in _sources(pending.pop()):
            if id(source) not in seen:
                seen.add(id(source))
                sort = facts_of(type(source)).sort
                if changes and sort in ("container", "object", "record"):
                    touches += changing(deep(source, True))
                elif sort == "container" and applying:
                    touches += deep(source)
                elif sort in ("container", "object", "record"):
                    touches.append(("read", source, WHOLE))
                else:
                    touches.append(("write", source, WHOLE))
                    pending.append(source)
    return touches


def changing_function(function: Any) -> bool:
    """True for what is written in C and may change what it is given: `setattr`, `list.append`, `operator.iadd`."""
    kind = type(function)
    if kind is operator.methodcaller:
        return True
    if kind not in _C_FUNCTIONS or function in _READERS or getattr(function, "__objclass__", dict) in _UNCHANGING:
        return False
    module = getattr(function, "__module__", "")
    return module != "math" and (module != "_operator" or function.__name__ in _CHANGING_OPERATORS)


_C_FUNCTIONS = (types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType)
_UNCHANGING = (str, bytes, int, float, tuple, frozenset)
_READERS = frozenset(
    (len, repr, ord, chr, abs, sum, min, max, sorted, isinstance, issubclass, hash, id, callable, any, all, round, bin,
     hex, oct, ascii, divmod, pow, format, dict.keys, dict.values, dict.items, dict.get, dict.copy, list.copy)
)  # fmt: skip
_CHANGING_OPERATORS = frozenset(
    """setitem delitem call iadd isub imul imatmul itruediv ifloordiv imod ipow ilshift irshift iand ixor ior
    iconcat""".split()  # noqa: SIM905
)


def _sources(iterator: Any) -> Iterable[Any]:
    """Containers and iterators that a C iterator draws from. Not the elements it may be holding."""
    if facts_of(type(iterator)).sort != "iterator":
        return ()
    found = gc.get_referents(iterator)
    if any(type(part) in LOOKING for part in found):
        return instances((touch[1] for part in found for touch in deep(part, True)), "container", "object", "record")
    if type(iterator) in (zip, map):
        found = list(next((part for part in found if type(part) is tuple), ()))
    elif type(iterator) is itertools.chain:
        tuples = [outer for inner in found for outer in gc.get_referents(inner) if type(outer) is tuple]
        found += itertools.chain.from_iterable(tuples)
    elif module_of(type(iterator)) == "builtins":
        found = found[:1]
    return instances(found, "container", "iterator", "generator")


def deep(value: Any, objects: bool = False) -> list[Touch]:
    """Reading a container and the containers in it, as comparing or printing does.

    `objects`: and the program's own objects in it, as copying does; when one is printed, its own code speaks for it.
    """
    touches: list[Touch] = []
    pending, seen = [value], {id(value)}
    for value in pending:  # which grows
        value = contents(value)
        facts = facts_of(type(value))
        parts: Iterable[Any] = ()
        if facts.base is not None:
            touches.append(("read", value, WHOLE))
            if facts.base is not array and facts.base is not bytearray:  # which hold numbers, or no text that is one
                parts = tuple(dict.values(value)) if facts.base is dict else tuple(facts.base.__iter__(value))
            if facts.base is dict and not all(map(is_plain_key, dict.__iter__(value))):
                parts = (*parts, *dict.__iter__(value))
        elif type(value) in (tuple, frozenset):
            parts = value
        elif objects and facts.sort in ("iterator", "generator"):
            touches += stepping(value)
        elif facts.sort in ("foreign", "record", "other") or derives(type(value), (BaseException,)):
            touches.append(("read", value, WHOLE))
            parts = _fields(value)
            if facts.sort == "foreign" and type(value).__module__ == "collections.abc":  # calls the program's methods
                touches += [CALLS, *reachable(parts)]
            if objects and facts.sort == "other":
                parts += tuple(p.__self__ for p in gc.get_referents(value) if type(p) is types.BuiltinMethodType)
        elif facts.sort == "object" and not is_library(type(value)):
            if objects:
                touches.append(("read", value, WHOLE))
                parts = _fields(value)
            elif touches and touches[-1] is not CALLS and any(not facts.is_native(name) for name in _ASKED):
                touches.append(CALLS)
        if INERT.issuperset(map(type, parts)) or len(pending) > DEPTH:
            continue
        for part in parts:
            if type(part) not in INERT and id(part) not in seen:
                seen.add(id(part))
                pending.append(part)
    return touches


_ASKED = ("__eq__", "__lt__", "__gt__", "__le__", "__ge__", "__hash__", "__repr__", "__str__", "__bool__", "__len__")


def writing(touches: list[Touch]) -> list[Touch]:
    """Those that are changed: iterators, streams."""
    return [touch for touch in touches if touch[0] == "write"]


def changing(touches: list[Touch]) -> list[Touch]:
    """The same locations, to be changed."""
    return [touch if touch is CALLS else ("write", *touch[1:]) for touch in touches]


def _fields(record: Any) -> tuple[Any, ...]:
    try:
        found = tuple(object.__getattribute__(record, "__dict__").values())
    except AttributeError:
        found = ()
    slots = [
        slot for cls in type(record).__mro__ for slot in vars(cls).values() if type(slot) is types.MemberDescriptorType
    ]
    return (*found, *(part for slot in slots if (part := _held(slot, record)) is not None))


def _held(slot: Any, record: Any) -> Any:
    try:
        return slot.__get__(record)
    except AttributeError:
        return None


def is_library(cls: type) -> bool:
    """True for the lab's own locks, threads and queues: their operations speak for them."""
    return any("_lab_token" in vars(base) or closed_module_of(base) in _LAB for base in cls.__mro__)


_LAB = frozenset(("threading", "_thread", "_threading_local", "harness.world.lock", "harness.world.thread"))


def alike(values: Iterable[Any]) -> bool:
    """True if what is in the dicts among these can be sorted and added in any order, with one result."""
    for value in values:
        kind = type(value)
        if facts_of(kind).sort in ("container", "view"):
            container = contents(value)
            if facts_of(type(container)).base is dict:
                parts = dict.values(container) if kind is type({}.values()) else dict.keys(container)
                if len(set(map(type, tuple(parts)))) > 1 or not _EXACT.issuperset(map(type, tuple(parts))):
                    return False
    return True


_EXACT = frozenset((int, str, bytes))


def reachable(values: Iterable[Any]) -> list[Touch]:
    """Reading all that can be reached from the values, the program's own objects included."""
    return [touch for value in values for touch in deep(value, True)]


def keyed(key: Any) -> list[Touch]:
    """What hashing and comparing a key reads: the fields of records, in tuples, too."""
    return [] if is_plain_key(key) else deep(key)
