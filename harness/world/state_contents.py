"""What is inside an object, type by type, read beneath the program's own code.

No `repr`, no property, no `__eq__`, `__hash__` or `__iter__` of a program's class is ever called: what
lies in `__dict__`, slots and built-in bases is read with the base's own methods.
"""

from __future__ import annotations

import _random
import _thread
import array
import datetime
import decimal
import functools
import io
import os
import random
import re
import sys
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from harness.task import Task
from harness.world.lock import InnerLock, InnerRLock
from harness.world.state_stack import UNBOUND, hides_iterator, operands

Pairs = Iterable[tuple[str, Any]]
Contents = tuple[Any, Pairs]
"""A head that tells the kind of object, and what it refers to, by name and in a fixed order."""

HARNESS = str(Path(__file__).resolve().parent.parent)
CONSTANT = "constant"
"""The head of objects without a state of their own: they are told apart by identity."""

WEAKLY = "weakly"
"""The name for what a weak reference leads to."""

UNFINISHED = "Queue.unfinished_tasks"
"""The name under which a queue's count of unfinished tasks is listed."""
_RENAMED = {"unfinished_tasks": UNFINISHED}

PLAIN = frozenset((int, float, complex, str, bytes, bool, type(None), type(...), type(NotImplemented), range))
_MACHINERY = frozenset((
    "_lab_token", "_ident", "_native_id", "_invoke_excepthook", "_stderr", "_tstate_lock", "_handle",
))  # fmt: skip
"""Attributes of the library's own objects that say nothing about how the execution goes on."""
_LIBRARY = frozenset(("threading", "queue", "concurrent.futures._base", "concurrent.futures.thread"))


class Unknown(Exception):
    """An object that nobody can look into."""


def contents(obj: Any) -> Contents:
    """The kind of `obj` and all it refers to. Raises Unknown."""
    cls = type(obj)
    reader = _READERS.get(cls)
    if reader is None:
        reader = _READERS[cls] = _reader(cls)
    return reader(obj)


def frame_contents(frame: types.FrameType) -> Contents:
    """Where a frame stands, its variables and what lies on its operand stack."""
    code = frame.f_code
    stack = operands(frame)
    if stack is None and hides_iterator(frame):
        raise Unknown(f"{Path(code.co_filename).name}:{frame.f_lineno} stands inside a for loop")
    return (id(code), frame.f_lasti), [*variables(frame), *(("", value) for value in stack or ())]


def variables(frame: types.FrameType) -> list[tuple[str, Any]]:
    """A frame's local variables, without leaving a copy of them in it."""
    values = frame.f_locals
    found = list(values.items())
    if frame.f_code.co_flags & _OPTIMIZED and type(values) is dict:
        values.clear()  # up to 3.12 the frame keeps this snapshot, which would keep objects alive
    return found


_OPTIMIZED = 1
"""CO_OPTIMIZED: a function's frame, whose f_locals is not the namespace itself."""


def _constant(obj: Any) -> Contents:
    return (CONSTANT, id(obj)), ()


def _unknown(obj: Any) -> Contents:
    cls = type(obj)
    raise Unknown(f"a {cls.__qualname__}" if cls.__module__ == "builtins" else f"a {cls.__module__}.{cls.__qualname__}")


def _lock(lock: InnerLock) -> Contents:
    if isinstance(lock, InnerRLock):
        return ("RLock", lock.owner.index if lock.owner else None, lock.count), _attributes(lock)
    return ("Lock", lock.held), _attributes(lock)


def _module(module: types.ModuleType) -> Contents:
    if module.__name__ == "random":  # the world's own copy
        return CONSTANT, [("", module.__dict__.get("_inst"))]
    if module is os:
        return CONSTANT, [("environ", os.environ)]
    if module.__name__ == "secrets":
        raise Unknown("truly random")
    if sys.modules.get(module.__name__) is not module and not hasattr(module, "__file__"):
        return "module", [(name, value) for name, value in module.__dict__.items() if not name.startswith("__")]
    return _constant(module)


def _function(function: types.FunctionType) -> Contents:
    code = function.__code__
    if code.co_filename.startswith(HARNESS):
        return (CONSTANT, code.co_qualname), ()
    parts: list[tuple[str, Any]] = list(zip(code.co_freevars, function.__closure__ or (), strict=False))
    parts += [("default", value) for value in function.__defaults__ or ()]
    parts += list((function.__kwdefaults__ or {}).items())
    return ("function", id(code)), parts + list(function.__dict__.items())


def _cell(cell: types.CellType) -> Contents:
    try:
        return "cell", [("", cell.cell_contents)]
    except ValueError:
        return "empty cell", ()


def _builtin(function: types.BuiltinFunctionType) -> Contents:
    owner = function.__self__
    if owner is None or isinstance(owner, (types.ModuleType, type)):
        return _constant(function)
    return ("method", function.__name__), [("", owner)]


def _class(cls: type) -> Contents:
    if not cls.__flags__ & _HEAP or not _is_the_programs(cls):
        return _constant(cls)
    inside = [(name, value) for name, value in cls.__dict__.items() if not name.startswith("__") or callable(value)]
    inside = [(name, value) for name, value in inside if name != "_abc_impl"]
    return ("class", id(cls)), inside + [("", base) for base in cls.__mro__[1:]]


def _is_the_programs(cls: type) -> bool:
    if str(cls.__dict__.get("__module__")).partition(".")[0] not in _OUTSIDE:
        return True
    functions = (value for value in cls.__dict__.values() if type(value) is types.FunctionType)
    return any("_lab_get" in function.__builtins__ for function in functions)


def _generator(generator: Any) -> Contents:
    kind = type(generator).__name__
    frame = getattr(generator, {"generator": "gi_frame", "coroutine": "cr_frame"}.get(kind, "ag_frame"))
    if frame is None:
        return (kind, "finished"), ()
    if getattr(generator, {"generator": "gi_running", "coroutine": "cr_running"}.get(kind, "ag_running")):
        return (kind, "running"), ()
    head, pairs = frame_contents(frame)
    return (kind, *head), pairs


def _weak(reference: Any) -> Contents:
    return "weakref", [(WEAKLY, weakref.ref.__call__(reference))]


def _thread_local(local: Any) -> Contents:
    return "local", [("", object.__getattribute__(local, "_local__impl").dicts)]


def _reduced(obj: Any) -> Contents:
    try:
        parts = map.__reduce__(obj) if isinstance(obj, map) else type(obj).__reduce__(obj)  # type: ignore[call-arg]
    except Exception:
        return _unknown(obj)
    return type(obj).__name__, [("", part) for part in parts]


def _exception(error: BaseException) -> Contents:
    return _head(error), [
        ("args", error.args), ("", error.__cause__), ("", error.__context__), *_attributes(error)
    ]  # fmt: skip


def _cached(function: Any) -> Contents:
    return ("lru_cache", function.cache_info().currsize), [("", function.__wrapped__)]


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
        pairs = [(f"[{key!r}]", dict.__getitem__(obj, key)) for key in keys]
    else:
        for key, value in dict.items(obj):
            pairs += [("key", key), ("value", value)]
    if isinstance(obj, defaultdict):
        pairs.append(("default_factory", obj.default_factory))
    return _head(obj), pairs + _attributes(obj)


def _items(base: Any) -> Callable[[Any], Contents]:
    def reader(obj: Any) -> Contents:
        return _head(obj), [*((f"[{i}]", item) for i, item in enumerate(base.__iter__(obj))), *_attributes(obj)]

    return reader


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
    found = []
    try:
        inside = object.__getattribute__(obj, "__dict__")
    except AttributeError:
        inside = None
    if type(inside) is dict:
        found = [(str(name), value) for name, value in inside.items()]
        if not _LIBRARY.isdisjoint(cls.__module__ for cls in type(obj).__mro__):
            found = [(_RENAMED.get(name, name), value) for name, value in found if name not in _MACHINERY]
    for cls in type(obj).__mro__:
        if cls.__flags__ & _HEAP and not cls.__module__.startswith("harness."):
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
    if cls.__module__ == "harness.world.access_standins":
        return lambda obj: (_head(obj), _slots(obj, *cls.__mro__))
    if cls.__module__.startswith("harness."):
        return _constant
    if cls.__module__.startswith("logging"):
        return _constant  # writes to the outside; no program is steered by what it has logged
    if any((base.__module__, base.__name__) == ("_threading_local", "local") for base in cls.__mro__):
        return _thread_local
    if type(cls.__dict__.get("__reduce__")) is types.MethodDescriptorType and cls.__module__ in _REDUCIBLE:
        return _reduced
    return _object if _native_base(cls) is object else _unknown


def _native_base(cls: type) -> type:
    """The first base that is written in C: one with functions of its own that are."""
    return next(base for base in cls.__mro__ if not base.__flags__ & _HEAP or _is_native(base))


def _is_native(cls: type) -> bool:
    for name, value in cls.__dict__.items():
        if isinstance(value, types.BuiltinFunctionType) and name == "__new__" and value.__self__ is cls:
            return True
        if isinstance(value, _NATIVE) and value.__objclass__ is cls and name not in ("__dict__", "__weakref__"):
            return True
    return False


_NATIVE = (types.MethodDescriptorType, types.WrapperDescriptorType, types.GetSetDescriptorType)
_HEAP = 1 << 9
"""Py_TPFLAGS_HEAPTYPE"""
_OUTSIDE = sys.stdlib_module_names | {"harness"}
_REDUCIBLE = frozenset(("builtins", "itertools", "collections", "_collections", "functools", "operator", "_operator"))
_READERS: dict[type, Callable[[Any], Contents]] = {}
_BY_BASE: tuple[tuple[Any, Callable[[Any], Contents]], ...] = (
    (InnerLock, _lock),
    (Task, lambda task: (("thread", task.index, task.held), ())),
    (types.ModuleType, _module),
    (types.FunctionType, _function),
    (types.CellType, _cell),
    (types.MethodType, lambda method: ("method", [("", method.__self__), ("", method.__func__)])),
    ((types.BuiltinFunctionType, types.MethodWrapperType), _builtin),
    (type, _class),
    ((types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType), _generator),
    (weakref.ref, _weak),
    ((staticmethod, classmethod), lambda method: ("method", [("", method.__func__)])),
    (property, lambda prop: ("property", [("", prop.fget), ("", prop.fset), ("", prop.fdel)])),
    (random.SystemRandom, _unknown),
    (_random.Random, _random_numbers),
    (ContextVar, _unknown),
    (BaseException, _exception),
    (functools._lru_cache_wrapper, _cached),
    ((io.IOBase, io.TextIOBase), _file),
    ((map, functools.partial), _reduced),
    (array.array, _with_value(lambda obj: bytes(memoryview(obj)))),
    (bytearray, _with_value(lambda obj: bytes(memoryview(obj)))),
    ((re.Pattern, type(_thread.allocate_lock()), _thread.RLock), _constant),
    (decimal.Decimal, _with_value(decimal.Decimal.__str__)),
    (datetime.datetime, _with_value(datetime.datetime.isoformat)),
    (datetime.date, _with_value(datetime.date.isoformat)),
    (datetime.time, _with_value(datetime.time.isoformat)),
    (datetime.timedelta, _with_value(datetime.timedelta.__str__)),
    (datetime.tzinfo, _constant),
    (dict, _dict),
    (list, _items(list)),
    (tuple, _items(tuple)),
    (set, _items(set)),
    (frozenset, _items(frozenset)),
    (deque, _deque),
    (int, _with_value(int.__index__)),
    (float, _with_value(float.__float__)),
    (str, _with_value(str.__str__)),
    (types.SimpleNamespace, _object),
    ((*_NATIVE, types.MemberDescriptorType, types.ClassMethodDescriptorType), _constant),
    ((types.CodeType, types.FrameType, types.TracebackType, types.GenericAlias), _constant),
)  # fmt: skip
