"""What C code touches: methods of built-in containers, built-in functions, library functions (not rewritten).

An *effect* is a function of (receiver, arguments) that lists the accesses (kind, object, key) which a
call will make. Effects marked `unsteady` depend on what the containers hold at the moment of the call.
What is not known counts as writing the receiver and every container among the arguments.
"""

from __future__ import annotations

import bisect
import builtins
import collections
import functools
import gc
import heapq
import itertools
import math
import operator
import types
from array import array
from collections.abc import Callable, Iterable, Iterator
from enum import Enum
from typing import Any

from harness.trace import WHOLE
from harness.world.access_types import FRESH_ITERATORS, derives, facts_of, instances, is_a, is_instrumented, lookup

Touch = tuple[str, Any, Any]
Effect = Callable[[Any, tuple[Any, ...]], list[Touch]]
PLAIN_KEYS = frozenset((int, str, bytes, float, bool, complex, type(None), types.EllipsisType))
INERT = PLAIN_KEYS | {types.FunctionType, type, types.ModuleType}
DEPTH = 1000  # containers within containers that one operation announces at most


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
        buffers = gc.get_referents(value)
        return next(iter(gc.get_referents(*buffers)), value)
    return gc.get_referents(value if kind is types.MappingProxyType else value.mapping)[0]


def readable(values: Iterable[Any]) -> list[Touch]:
    """Reading all of each container among the values."""
    return _touching("read", values)


def _touching(kind: str, values: Iterable[Any]) -> list[Touch]:
    touches: list[Touch] = []
    for value in values:
        sort = facts_of(type(value)).sort
        if sort == "container" or sort == "foreign":
            touches.append((kind, value, WHOLE))
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
    if type(iterator) in FRESH_ITERATORS and type(iterator) is not type(iter(range(0))):
        return [("write", iterator, WHOLE)]
    touches: list[Touch] = [("write", iterator, WHOLE)]
    pending, seen = [iterator], {id(iterator)}
    while pending and len(seen) < DEPTH:
        for source in _sources(pending.pop()):
            if id(source) not in seen:
                seen.add(id(source))
                sort = facts_of(type(source)).sort
                if sort == "container":
                    touches.append(("read", source, WHOLE))
                else:
                    touches.append(("write", source, WHOLE))
                    pending.append(source)
    return touches


def _sources(iterator: Any) -> Iterable[Any]:
    """Containers and iterators that a C iterator draws from. Not the elements it may be holding."""
    if facts_of(type(iterator)).sort != "iterator":
        return ()
    found = gc.get_referents(iterator)
    if type(iterator) in (zip, map):
        found = list(next((part for part in found if type(part) is tuple), ()))
    elif type(iterator) is itertools.chain:
        tuples = [outer for inner in found for outer in gc.get_referents(inner) if type(outer) is tuple]
        found += itertools.chain.from_iterable(tuples)
    elif type(iterator).__module__ != "itertools":
        found = found[:1]
    return instances(found, "container", "iterator", "generator")


def deep(value: Any) -> list[Touch]:
    """Reading a container and the containers in it, as comparing or printing does."""
    touches: list[Touch] = []
    pending, seen = [value], {id(value)}
    for value in pending:  # which grows
        value = contents(value)
        facts = facts_of(type(value))
        parts: Iterable[Any] = ()
        if facts.base is not None:
            touches.append(("read", value, WHOLE))
            parts = tuple(dict.values(value)) if facts.base is dict else tuple(facts.base.__iter__(value))
        elif type(value) is tuple:
            parts = value
        elif facts.sort == "foreign":
            touches.append(("read", value, WHOLE))
        elif facts.sort == "record":
            touches.append(("read", value, WHOLE))
            parts = _fields(value)
        if INERT.issuperset(map(type, parts)) or len(pending) > DEPTH:
            continue
        for part in parts:
            if type(part) not in INERT and id(part) not in seen:
                seen.add(id(part))
                pending.append(part)
    return touches


def _fields(record: Any) -> tuple[Any, ...]:
    try:
        return tuple(object.__getattribute__(record, "__dict__").values())
    except AttributeError:
        return ()  # slots


def read_all(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", receiver, WHOLE)]


def write_all(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE)]


def read_both(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", receiver, WHOLE), *readable(arguments)]


def read_deep(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [*deep(receiver), *(touch for argument in arguments for touch in deep(argument))]


def write_from(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE), *readable(arguments)]


def write_everything(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE), *writable(arguments)]


def nothing(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return []


def read_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return readable(arguments)


def write_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return writable(arguments)


def deep_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [touch for argument in arguments for touch in deep(argument)]


def lazy_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """iter() of a dict, set or deque remembers its size; of a list nothing."""
    found = instances(arguments, "container", "view")
    return [("read", contents(value), WHOLE) for value in found if facts_of(type(value)).base is not list]


def read_key(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", receiver, place(receiver, arguments[0]) if arguments else WHOLE)]


def get_item(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A missing key of a defaultdict is stored."""
    missing = is_a(receiver, collections.defaultdict) and not _present(receiver, arguments)
    return [("write" if missing else "read", receiver, place(receiver, arguments[0]) if arguments else WHOLE)]


def write_key(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, place(receiver, arguments[0]) if arguments else WHOLE)]


def _present(receiver: Any, arguments: tuple[Any, ...]) -> bool | None:
    """Whether the key is there; None where only program code could tell."""
    if not arguments or not is_plain_key(arguments[0]):
        return None
    return bool((dict if is_a(receiver, dict) else set).__contains__(receiver, arguments[0]))


def write_if_present(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read" if _present(receiver, arguments) is False else "write", *write_key(receiver, arguments)[0][1:])]


def write_if_absent(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read" if _present(receiver, arguments) else "write", *write_key(receiver, arguments)[0][1:])]


def write_if_any(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    empty = not facts_of(type(receiver)).base.__len__(receiver)  # type: ignore[union-attr]
    return [("read" if empty else "write", receiver, WHOLE)]


def read_from_end(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A negative index."""
    return read_key(receiver, arguments)


def write_from_end(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return write_key(receiver, arguments)


UNSTEADY = {get_item, write_if_present, write_if_absent, write_if_any, read_from_end, write_from_end, read_deep}
UNSTEADY |= {deep_arguments}
"""Effects to be asked again when the thread goes on: another may have changed the answer."""


def _methods(**groups: str) -> dict[str, Effect]:
    return {name: globals()[effect] for effect, names in groups.items() for name in names.split()}


_COMMON = _methods(
    nothing="""__new__ __init_subclass__ __subclasshook__ __class_getitem__ __dir__ __format__ __hash__
        fromkeys maxlen typecode itemsize""",
    read_all="""copy __copy__ __len__ __iter__ __reversed__ __bool__ __sizeof__ __mul__ __rmul__ __contains__
        count index __reduce__ __reduce_ex__""",
    read_both="""__add__ __or__ __and__ __sub__ __xor__ __ror__ __rand__ __rsub__ __rxor__ union intersection
        difference symmetric_difference issubset issuperset isdisjoint""",
    read_deep="__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __repr__ __str__ __deepcopy__",
    write_from="""extend extendleft update __iadd__ __ior__ __iand__ __isub__ __ixor__ intersection_update
        difference_update symmetric_difference_update __init__""",
    write_all="append appendleft insert clear sort reverse rotate remove __imul__ move_to_end __delitem__",
    write_if_any="pop popleft popitem",
    read_from_end="__getitem__",
    write_from_end="__setitem__",
)
_DICT = _methods(
    read_key="get __contains__",
    get_item="__getitem__",
    write_key="__setitem__",
    write_if_absent="setdefault",
    write_if_present="pop __delitem__",
    nothing="keys values items",
)
_SET = _methods(write_if_absent="add", write_if_present="discard remove", read_key="__contains__")
METHODS: dict[type, dict[str, Effect]] = {
    dict: {**_COMMON, **_DICT},
    set: {**_COMMON, **_SET},
    list: _COMMON,
    collections.deque: _COMMON,
    bytearray: {**_COMMON, **dict.fromkeys((name for name in vars(bytes) if not name.startswith("_")), read_both)},
    array: {**_COMMON, **_methods(read_all="tobytes tolist tounicode buffer_info", write_all="byteswap")},
}
_READING_METHODS = frozenset(("get", "keys", "values", "items", "copy", "index", "count", "__len__", "__contains__"))
_COUNTER = {**METHODS[dict], **_methods(read_all="elements most_common total", write_from="subtract")}


def method_effect(cls: type, name: str, found: Any) -> Effect | None:
    """What calling `found`, the method `name` of an instance of `cls`, touches; None where it announces itself."""
    if is_instrumented(found):
        return None
    facts = facts_of(cls)
    if facts.base is not None:
        table = _COUNTER if derives(cls, (collections.Counter,)) else METHODS[facts.base]
        if name in table or not is_a(found, types.FunctionType):
            known: Effect = table.get(name, write_everything)
            return known
    if facts.sort == "foreign":
        return read_both if name in _READING_METHODS else write_everything
    if facts.sort == "immutable":
        return deep_arguments if name == "format" else read_arguments
    if facts.sort in ("generator", "iterator"):
        return lambda receiver, arguments: stepping(receiver)
    if facts.sort == "view":
        return lambda receiver, arguments: readable((receiver, *arguments))
    if is_a(found, types.FunctionType, classmethod, staticmethod):
        return foreign_effect(found if is_a(found, types.FunctionType) else found.__func__, True)
    if facts.sort == "object" and lookup(object, name)[0] is found:
        return nothing
    return write_everything if facts.sort in ("other", "object", "record") else write_arguments


# Library functions written in Python are not rewritten, so they are treated like C.
_QUIET_MODULES = frozenset(
    ("threading", "_thread", "_threading_local", "queue", "time", "contextlib", "functools", "logging", "typing",
     "enum", "dataclasses", "abc", "collections", "unittest", "traceback", "warnings", "weakref", "types",
     "asyncio", "contextvars", "concurrent", "harness", "re", "string", "pathlib", "importlib", "sched", "argparse",
     "inspect", "signal", "atexit")
)  # fmt: skip
_READING_MODULES = frozenset(
    ("copy", "json", "statistics", "pprint", "textwrap", "pickle", "reprlib", "fractions", "math")
)  # fmt: skip
_READING = frozenset(
    ("choice", "choices", "sample", "merge", "nlargest", "nsmallest", "asdict", "astuple", "replace")
)  # fmt: skip


def foreign_effect(function: Any, method: bool) -> Effect | None:
    """What a library function written in Python touches. Its module is where its code is: `wraps` puts on another's."""
    module = str(function.__globals__.get("__name__", ""))
    name = getattr(function, "__name__", "")
    if name in _READING and module in ("random", "heapq", "dataclasses") and not method:
        return deep_arguments
    if name == "map" and module.startswith("concurrent"):
        return read_arguments
    if name in _READING and module == "random":
        return lambda receiver, arguments: [("write", receiver, WHOLE), *readable(arguments)]
    if module.partition(".")[0] in _QUIET_MODULES:
        return None
    if module.partition(".")[0] in _READING_MODULES:
        return deep_arguments
    return write_everything if method else write_arguments


_READING_TYPES = (list, tuple, set, frozenset, dict, bytes, bytearray, array, collections.deque, collections.Counter)
_OPERATORS = "add concat contains mul getitem and_ or_ xor sub lt le gt ge not_ truth length_hint countOf indexOf"


def _first_written(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return writable(arguments[:1])


def _functions() -> Iterator[tuple[Effect, Iterable[Any]]]:
    yield read_arguments, (len, sum, min, max, any, all, bool, functools.reduce, math.fsum, math.prod, *_READING_TYPES)
    yield read_arguments, (bisect.bisect_left, bisect.bisect_right)
    yield read_arguments, (getattr(operator, name) for name in _OPERATORS.split())
    yield deep_arguments, (sorted, repr, str, format, ascii, print, operator.eq, operator.ne)
    yield nothing, (isinstance, issubclass, id, type, callable, hash, super, object, dir, builtins.__import__)
    yield nothing, (exec, eval, compile, locals, globals, staticmethod, classmethod, property, divmod, pow)
    yield lazy_arguments, (iter, zip, map, filter, enumerate, reversed)
    yield _first_written, (heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop)
    yield _first_written, (bisect.insort_left, bisect.insort_right)


FUNCTIONS: dict[Any, Effect] = {function: effect for effect, group in _functions() for function in group}
