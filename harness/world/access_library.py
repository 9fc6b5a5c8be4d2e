"""What is known of C code and of the standard library, by name: methods of containers, functions, modules."""

from __future__ import annotations

import bisect
import builtins
import collections
import contextvars
import functools
import heapq
import math
import operator
import sys
import types
import weakref
from array import array
from collections.abc import Iterable, Iterator
from typing import Any

from harness.trace import WHOLE
from harness.world import access_effects
from harness.world.access_effects import (
    copied_and_compared,
    counted,
    deep_arguments,
    first_written,
    formatted,
    joined,
    lazy_arguments,
    look_around,
    look_around_all,
    making,
    nothing,
    outside,
    printed,
    proxied,
    read_arguments,
    read_around,
    read_both,
    read_object,
    reduced,
    strings,
    summed,
    weakly,
    write_arguments,
    write_around,
    write_everything,
)
from harness.world.access_outside import function_outside, method_outside, opening
from harness.world.access_reach import CALLS, Effect, readable, stepping
from harness.world.access_stateful import stateful
from harness.world.access_types import derives, facts_of, is_a, is_instrumented, lookup


def _methods(**groups: str) -> dict[str, Effect]:
    return {name: getattr(access_effects, effect) for effect, names in groups.items() for name in names.split()}


_COMMON = _methods(
    nothing="""__new__ __init_subclass__ __subclasshook__ __class_getitem__ __dir__ __format__ __hash__
        fromkeys maxlen typecode itemsize""",
    read_all="""copy __copy__ __len__ __iter__ __reversed__ __bool__ __sizeof__ __mul__ __rmul__ __reduce__
        __reduce_ex__""",
    find="__contains__ count index",
    remove="remove",
    write_and_compare="sort",
    read_both="""__add__ __or__ __and__ __sub__ __xor__ __ror__ __rand__ __rsub__ __rxor__ union intersection
        difference symmetric_difference issubset issuperset isdisjoint""",
    read_deep="__eq__ __ne__ __lt__ __le__ __gt__ __ge__ __repr__ __str__ __deepcopy__",
    write_from="""extend extendleft update __iadd__ __ior__ __iand__ __isub__ __ixor__ intersection_update
        difference_update symmetric_difference_update __init__""",
    write_all="append appendleft insert clear reverse rotate __imul__ move_to_end __delitem__",
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
    write_from_deep="update __init__",
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
        if derives(cls, (contextvars.Context,)) and name == "run":
            return lambda receiver, arguments: [*write_around(receiver, arguments), CALLS]
        return read_around if name in _READING_METHODS else write_around
    there = method_outside(cls, name, found)
    if there is not None:
        return there
    if facts.sort == "immutable":
        if name in ("pack_into", "join"):
            return write_arguments if name == "pack_into" else joined
        return formatted if name in ("format", "format_map") else read_arguments
    if facts.sort in ("generator", "iterator"):
        return lambda receiver, arguments: stepping(receiver)
    if facts.sort == "view":
        return lambda receiver, arguments: readable((receiver, *arguments))
    inner = found.__func__ if is_a(found, classmethod, staticmethod) else found
    if is_a(inner, types.FunctionType):
        return foreign_effect(inner, True)
    if inner is not found:
        return nothing if is_a(inner, type) else FUNCTIONS.get(inner, write_arguments)
    if facts.sort == "object" and lookup(object, name)[0] is found:
        return nothing
    return write_everything if facts.sort in ("other", "object", "record") else write_arguments


# Library functions written in Python are not rewritten, so they are treated like C.
_QUIET_MODULES = frozenset(
    ("threading", "_thread", "_threading_local", "queue", "time", "contextlib", "functools", "typing", "enum", "abc",
     "warnings", "weakref", "types", "asyncio", "contextvars", "concurrent", "harness", "importlib", "sched", "signal",
     "atexit")
)  # fmt: skip
_READING_MODULES = frozenset(
    ("copy", "json", "statistics", "pprint", "textwrap", "pickle", "reprlib", "fractions", "math", "logging",
     "dataclasses", "collections", "traceback", "re", "string", "pathlib", "inspect")
)  # fmt: skip
_READING = frozenset(
    ("choice", "choices", "sample", "merge", "nlargest", "nsmallest", "asdict", "astuple", "replace")
)  # fmt: skip


def is_library_code(function: Any) -> bool:
    """True for code of the standard library that may look at what it is given."""
    root = str(function.__globals__.get("__name__", "")).partition(".")[0]
    return root in sys.stdlib_module_names and root not in _QUIET_MODULES


def foreign_effect(function: Any, method: bool) -> Effect | None:
    """What a library function written in Python touches. Its module is where its code is: `wraps` puts on another's."""
    there = function_outside(function, method)
    if there is not None:
        return there
    module = str(function.__globals__.get("__name__", ""))
    name = getattr(function, "__name__", "")
    if name in _READING and module in ("random", "heapq", "dataclasses") and not method:
        return look_around
    if name == "map" and module.startswith("concurrent"):
        return read_arguments
    if name in _READING and module == "random":
        return lambda receiver, arguments: [("write", receiver, WHOLE), *readable(arguments)]
    if module == "weakref":
        return weakly
    root = module.partition(".")[0]
    state = stateful(function, root, method)
    if state is not None:
        return state
    if root in _QUIET_MODULES:
        return None
    if root in _READING_MODULES:
        return look_around_all if method else look_around
    effect = write_everything if method else write_arguments
    return effect if root in sys.stdlib_module_names else outside(root, effect)


_READING_TYPES = (list, tuple, bytes, bytearray, array, collections.deque, collections.Counter)
_OPERATORS = "add concat contains mul getitem and_ or_ xor sub lt le gt ge not_ truth length_hint countOf indexOf"


def _functions() -> Iterator[tuple[Effect, Iterable[Any]]]:
    yield read_arguments, (int, float, memoryview, reversed, math.fsum, math.prod, *_READING_TYPES)
    yield counted, (len, bool, set, frozenset)
    yield reduced, (functools.reduce,)
    yield summed, (sum, min, max, any, all)
    yield deep_arguments, (getattr(operator, name) for name in _OPERATORS.split())
    yield copied_and_compared, (sorted,)
    yield (
        deep_arguments,
        (
            dict,
            bisect.bisect_left,
            bisect.bisect_right,
            repr,
            str,
            format,
            ascii,
            hash,
            operator.eq,
            operator.ne,
        ),
    )
    yield printed, (print,)
    yield making, (type,)
    yield nothing, (isinstance, issubclass, id, callable, super, object, builtins.__import__)
    yield read_object, (dir,)
    yield strings, (exec, eval)
    yield opening, (open,)
    yield proxied, (weakref.proxy,)
    yield weakly, (sys.getrefcount, weakref.getweakrefcount, weakref.getweakrefs)
    yield nothing, (compile, locals, globals, staticmethod, classmethod, property, divmod, pow)
    yield lazy_arguments, (iter, zip, map, filter, enumerate)
    yield first_written, (heapq.heappush, heapq.heappop, heapq.heapify, heapq.heapreplace, heapq.heappushpop)
    yield first_written, (bisect.insort_left, bisect.insort_right)


FUNCTIONS: dict[Any, Effect] = {function: effect for effect, group in _functions() for function in group}
