"""What is inside an object, type by type, read beneath the program's own code.

No `repr`, no property, no `__eq__`, `__hash__` or `__iter__` of a program's class is ever called: what
lies in `__dict__`, slots and built-in bases is read with the base's own methods.
"""

from __future__ import annotations

import _random
import _thread
import array
import ctypes
import datetime
import decimal
import functools
import io
import random
import re
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import Any

from harness.task import Gate, Task
from harness.world.access_types import module_of
from harness.world.lock import InnerLock, InnerRLock
from harness.world.state_code import CODE, HEAP, Contents, Unknown, constant, is_the_programs
from harness.world.state_stack import UNBOUND

WEAKLY = "weakly"
"""The name for what a weak reference leads to."""

UNFINISHED = "Queue.unfinished_tasks"
"""The name under which a queue's count of unfinished tasks is listed."""
_RENAMED = {"unfinished_tasks": UNFINISHED}

PLAIN = frozenset((int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range))
AMBIGUOUS = frozenset((float, complex, range))
"""Those of which two may be equal and yet different: -0.0 and 0.0, two empty ranges."""

_MACHINERY = frozenset((
    "_lab_token", "_ident", "_native_id", "_invoke_excepthook", "_stderr", "_tstate_lock", "_handle",
))  # fmt: skip
"""Attributes of the library's own objects that say nothing about how the execution goes on."""
_LIBRARY = frozenset(("threading", "queue", "concurrent.futures._base", "concurrent.futures.thread"))


def contents(obj: Any) -> Contents:
    """The kind of `obj` and all it refers to. Raises Unknown."""
    cls = type(obj)
    reader = _READERS.get(cls)
    if reader is None:
        reader = _READERS[cls] = _reader(cls)
    return reader(obj)


def _unknown(obj: Any) -> Contents:
    cls = type(obj)
    raise Unknown(f"a {cls.__qualname__}" if module_of(cls) == "builtins" else f"a {module_of(cls)}.{cls.__qualname__}")


def _lock(lock: InnerLock) -> Contents:
    if isinstance(lock, InnerRLock):
        return ("RLock", lock.owner.index if lock.owner else None, lock.count), _attributes(lock)
    return ("Lock", lock.held), _attributes(lock)


def _weak(reference: Any) -> Contents:
    return "weakref", [(WEAKLY, weakref.ref.__call__(reference))]


def _thread_local(local: Any) -> Contents:
    return "local", [("", object.__getattribute__(local, "_local__impl").dicts)]


def _reduced(obj: Any) -> Contents:
    try:
        parts = type(obj).__reduce__(obj)  # type: ignore[call-arg]
    except Exception:
        return _unknown(obj)
    return type(obj).__name__, [("", part) for part in parts]


def _exception(error: BaseException) -> Contents:
    return _head(error), [
        ("args", error.args), ("", error.__cause__), ("", error.__context__), ("__traceback__", error.__traceback__),
        *_attributes(error)
    ]  # fmt: skip


def _file(file: Any) -> Contents:
    if type(file) in (io.StringIO, io.BytesIO):
        return (type(file).__name__, None if file.closed else (file.getvalue(), file.tell())), ()
    return _unknown(file)


def _head(obj: Any) -> Any:
    return id(type(obj))


def _dict(obj: Any) -> Contents:
    keys: Iterable[Any] = dict.keys(obj)
    if isinstance(obj, OrderedDict):
        if not all(type(key) in PLAIN for key in dict.keys(obj)):
            raise Unknown("an OrderedDict with keys of the program's own")
        keys = OrderedDict.__iter__(obj)
    pairs: list[tuple[str, Any]] = []
    if all(type(key) in PLAIN for key in dict.keys(obj)):
        pairs = [(f"[{_whole(key)}]", dict.__getitem__(obj, key)) for key in keys]
    else:
        for key, value in dict.items(obj):
            pairs += [("key", key), ("value", value)]
    if isinstance(obj, defaultdict):
        pairs.append(("default_factory", obj.default_factory))
    return _head(obj), pairs + _attributes(obj)


def _whole(key: Any) -> str:
    return hex(key) if type(key) is int and key.bit_length() > 10_000 else repr(key)  # `repr` refuses very long ones


def _items(base: Any) -> Callable[[Any], Contents]:
    def reader(obj: Any) -> Contents:
        return _head(obj), [*((f"[{i}]", item) for i, item in enumerate(base.__iter__(obj))), *_attributes(obj)]

    return reader


def _set(base: Any) -> Callable[[Any], Contents]:
    """The order of a set's elements, and what decides on their order later on: where its table has gaps."""
    items = _items(base)

    def reader(obj: Any) -> Contents:
        head, pairs = items(obj)
        return (head, *_table(obj, base.__len__(obj))), pairs

    return reader


def _table(obj: Any, length: int) -> tuple[Any, ...]:
    """A set's used and deleted entries and where `pop` goes on looking; PySetObject of Include/cpython/setobject.h."""
    fields = (ctypes.c_ssize_t * 6).from_address(id(obj) + object.__basicsize__)
    fill, used, mask, entries, _, finger = fields
    if used != length or fill == used and not finger:
        return (mask, finger)
    table = (ctypes.c_ssize_t * (2 * mask + 2)).from_address(entries)
    kinds = (2 if table[at + 1] == _DELETED else bool(table[at]) for at in range(0, 2 * mask + 2, 2))
    return mask, finger, bytes(kinds)


_DELETED = -1
"""The hash that stands in a deleted entry of a set's table."""


def _property(prop: property) -> Contents:
    return _head(prop), [("", prop.fget), ("", prop.fset), ("", prop.fdel), *_attributes(prop)]


def _partial(obj: Any) -> Contents:
    return _head(obj), [("", obj.func), ("", obj.args), ("", obj.keywords), *_attributes(obj)]


def _deque(obj: Any) -> Contents:
    items = [(f"[{i}]", item) for i, item in enumerate(deque.__iter__(obj))]
    return (_head(obj), deque.maxlen.__get__(obj)), items + _attributes(obj)


def _random_numbers(generator: Any) -> Contents:
    state = hash(_random.Random.getstate(generator))
    return _head(generator), [("next random number", state), *_attributes(generator)]


def _with_value(value: Callable[[Any], Any]) -> Callable[[Any], Contents]:
    return lambda obj: ((_head(obj), value(obj)), _attributes(obj))


def _object(obj: Any) -> Contents:
    return _head(obj), _attributes(obj)


def _attributes(obj: Any) -> list[tuple[str, Any]]:
    """What lies in `__dict__` and in slots, read beneath the class."""
    found: list[tuple[str, Any]] = []
    try:
        inside = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        inside = None
    if type(inside) is dict:
        found = [(str(name), value) for name, value in inside.items()]
        if not _LIBRARY.isdisjoint(module_of(cls) for cls in type(obj).__mro__):
            found = [(_RENAMED.get(name, name), value) for name, value in found if name not in _MACHINERY]
    if is_the_programs(type(obj)):
        found.append(("__class__", type(obj)))
    for cls in type(obj).__mro__:
        if cls.__flags__ & HEAP and not module_of(cls).startswith("harness."):
            found += _slots(obj, cls)
    return found


def _slots(obj: Any, *classes: type) -> list[tuple[str, Any]]:
    members = [item for cls in classes for item in cls.__dict__.items() if type(item[1]) is types.MemberDescriptorType]
    return [(name, _slot(member, obj)) for name, member in members if name not in ("__dict__", "__weakref__")]


def _slot(member: Any, obj: Any) -> Any:
    try:
        return member.__get__(obj)
    except AttributeError:
        return UNBOUND


def _reader(cls: type) -> Callable[[Any], Contents]:
    for base, reader in _BY_BASE:
        if issubclass(cls, base):
            return reader
    if module_of(cls) == "harness.world.access_standins":
        return lambda obj: (_head(obj), _slots(obj, *cls.__mro__))
    if module_of(cls).startswith("harness."):
        return constant
    if any((module_of(base), base.__name__) == ("_threading_local", "local") for base in cls.__mro__):
        return _thread_local
    if type(cls.__dict__.get("__reduce__")) is types.MethodDescriptorType and module_of(cls) in _REDUCIBLE:
        return _reduced
    return _object if _native_base(cls) in (object, datetime.tzinfo) else _unknown


def _native_base(cls: type) -> type:
    """The first base that is written in C: one with functions of its own that are."""
    return next(base for base in cls.__mro__ if not base.__flags__ & HEAP or _is_native(base))


def _is_native(cls: type) -> bool:
    for name, value in cls.__dict__.items():
        if isinstance(value, types.BuiltinFunctionType) and name == "__new__" and value.__self__ is cls:
            return True
        if isinstance(value, _NATIVE) and value.__objclass__ is cls and name not in ("__dict__", "__weakref__"):
            return True
    return False


_NATIVE = (types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType)
_REDUCIBLE = frozenset(("builtins", "itertools", "collections", "_collections", "functools", "operator", "_operator"))
_READERS: dict[type, Callable[[Any], Contents]] = {}
_BY_BASE: tuple[tuple[Any, Callable[[Any], Contents]], ...] = (
    (InnerLock, _lock),
    (Gate, lambda gate: (("gate", gate.kind), [("", gate.primitive)])),
    (Task, lambda task: (("thread", task.index, task.held), ())),
    *CODE,
    (weakref.ref, _weak),
    ((staticmethod, classmethod), lambda method: (_head(method), [("", method.__func__), *_attributes(method)])),
    (property, _property),
    (random.SystemRandom, _unknown),
    (_random.Random, _random_numbers),
    (ContextVar, _unknown),
    (BaseException, _exception),
    ((io.IOBase, io.TextIOBase), _file),
    (map, lambda obj: (_head(obj), [("", part) for part in map.__reduce__(obj)] + _attributes(obj))),
    (functools.partial, _partial),
    (array.array, _with_value(lambda obj: bytes(memoryview(obj)))),
    (bytearray, _with_value(lambda obj: bytes(memoryview(obj)))),
    (re.Pattern, lambda pattern: (("pattern", pattern.pattern, pattern.flags), ())),
    (type(_thread.allocate_lock()), lambda lock: (("host lock", id(lock), lock.locked()), ())),
    (_thread.RLock, constant),
    (decimal.Decimal, _with_value(decimal.Decimal.__str__)),
    (datetime.datetime, _with_value(datetime.datetime.isoformat)),
    (datetime.date, _with_value(datetime.date.isoformat)),
    (datetime.time, _with_value(datetime.time.isoformat)),
    (datetime.timedelta, _with_value(datetime.timedelta.__str__)),
    (datetime.timezone, _with_value(datetime.timezone.__repr__)),
    (dict, _dict),
    (list, _items(list)),
    (tuple, _items(tuple)),
    (set, _set(set)),
    (frozenset, _set(frozenset)),
    (deque, _deque),
    (int, _with_value(int.__index__)),
    (float, _with_value(float.__repr__)),
    (str, _with_value(str.__str__)),
    (types.SimpleNamespace, _object),
    ((*_NATIVE, types.MemberDescriptorType, types.ClassMethodDescriptorType), constant),
)  # fmt: skip
