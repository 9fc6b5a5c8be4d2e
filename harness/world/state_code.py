"""What is inside functions, classes, modules, frames and generators: state of a program that lies in its code.

The interpreter's and the standard library's own are constants: told apart by identity, without a state.
Where a program changes one of them all the same (`json.tries = 1`), state_calls.py says so.
"""

from __future__ import annotations

import functools
import gc
import sys
import types
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from harness.world.access_types import module_of
from harness.world.state_stack import hides_iterator, operands, variables

Pairs = Iterable[tuple[str, Any]]
Contents = tuple[Any, Pairs]
"""A head that tells the kind of object, and what it refers to, by name and in a fixed order."""

HARNESS = str(Path(__file__).resolve().parent.parent)
CONSTANT = "constant"
"""The head of objects without a state of their own: they are told apart by identity."""

HITS, MISSES = "cache hits", "cache misses"
"""The names under which the counts of an lru_cache are listed."""

HEAP = 1 << 9
"""Py_TPFLAGS_HEAPTYPE"""

_OUTSIDE = sys.stdlib_module_names | {"harness"}

_IMPORTED = frozenset(("__builtins__", "__loader__", "__spec__", "__cached__"))
"""Names that an import gives to each module."""

_MADE = frozenset((
    "__dict__", "__weakref__", "__module__", "__annotations__", "__abstractmethods__", "_abc_impl", "__orig_bases__",
    "__parameters__", "__type_params__", "__static_attributes__", "__firstlineno__", "__dataclass_fields__",
    "__dataclass_params__",
))  # fmt: skip
"""Names that the making of a class gives to it, and nobody changes."""


class Unknown(Exception):
    """An object that nobody can look into."""


def constant(obj: Any) -> Contents:
    return (CONSTANT, id(obj)), ()


def is_outside(name: Any) -> bool:
    """True for the name of a module of the standard library, or of the lab."""
    return str(name).partition(".")[0] in _OUTSIDE


def frame_contents(frame: types.FrameType) -> Contents:
    """Where a frame stands, its variables and what lies on its operand stack."""
    code = frame.f_code
    stack = operands(frame)
    if stack is None and hides_iterator(frame):
        raise Unknown(f"{Path(code.co_filename).name}:{frame.f_lineno} stands inside a for loop")
    return (code, frame.f_lasti), [*variables(frame), *(("", value) for value in stack or ())]


def namespace(module: types.ModuleType) -> list[tuple[str, Any]]:
    """The global variables of a module."""
    return [(name, value) for name, value in module.__dict__.items() if name not in _IMPORTED]


def frame(found: types.FrameType) -> Contents:
    """A frame that is held as an object, as by a traceback: it may have ended, and then only has its variables."""
    if found.f_code.co_filename.startswith(HARNESS):
        return CONSTANT, ()
    return ("frame", found.f_code, found.f_lasti), variables(found)


def traceback(found: types.TracebackType) -> Contents:
    return ("traceback", found.tb_lasti), [("tb_frame", found.tb_frame), ("tb_next", found.tb_next)]


def module(found: types.ModuleType) -> Contents:
    name = found.__name__
    if name == "random":  # the world's own copy
        return CONSTANT, [("", found.__dict__.get("_inst"))]
    if name == "os":  # and so is this
        return CONSTANT, [("environ", found.__dict__.get("environ"))]
    if sys.modules.get(name) is found:
        return constant(found)
    if name == "logging":  # the world's own copy, too
        return CONSTANT, [("root", found.__dict__.get("root")), ("", found.__dict__["Logger"].manager.loggerDict)]
    return constant(found) if hasattr(found, "__file__") else ("module", namespace(found))


def function(found: types.FunctionType) -> Contents:
    code = found.__code__
    parts: list[tuple[str, Any]] = list(zip(code.co_freevars, found.__closure__ or (), strict=False))
    if code.co_filename.startswith(HARNESS):  # a stand-in, which may have something of the program's in it
        return (CONSTANT, code.co_qualname), parts
    parts += [("default", value) for value in found.__defaults__ or ()]
    parts += list((found.__kwdefaults__ or {}).items())
    parts += [("__doc__", found.__doc__), ("__annotations__", found.__annotations__)]
    home = sys.modules.get(found.__globals__.get("__name__", ""))
    if home is None or home.__dict__ is not found.__globals__:  # a namespace of its own, as `exec` has
        parts.append(("", found.__globals__))
    return ("function", code, found.__name__), parts + list(found.__dict__.items())


def cell(found: types.CellType) -> Contents:
    try:
        return "cell", [("", found.cell_contents)]
    except ValueError:
        return "empty cell", ()


def builtin(found: types.BuiltinFunctionType) -> Contents:
    owner = found.__self__
    if owner is None or isinstance(owner, (types.ModuleType, type)):
        return constant(found)
    return ("method", found.__name__), [("", owner)]


def klass(found: type) -> Contents:
    if not is_the_programs(found):
        return constant(found)
    inside = [(name, value) for name, value in found.__dict__.items() if name not in _MADE]
    return ("class", found.__name__), [*inside, *(("", base) for base in found.__mro__[1:]), ("__class__", type(found))]


def is_the_programs(cls: type) -> bool:
    """True for a class that the program has made: its attributes may be variables."""
    return bool(cls.__flags__ & HEAP) and (not is_outside(cls.__dict__.get("__module__", "?")) or _is_foreign(cls))


def _is_foreign(cls: type) -> bool:
    """True for a class that goes by a standard module's name and is not from there."""
    functions: Iterator[Any] = (value for value in cls.__dict__.values() if type(value) is types.FunctionType)
    if any("_lab_get" in each.__builtins__ for each in functions):
        return True
    host = sys.modules.get(module_of(cls))
    return host is not None and cls.__qualname__.partition(".")[0] not in host.__dict__


def generator(found: Any) -> Contents:
    kind = type(found).__name__
    running = getattr(found, {"generator": "gi_running", "coroutine": "cr_running"}.get(kind, "ag_running"))
    at = getattr(found, {"generator": "gi_frame", "coroutine": "cr_frame"}.get(kind, "ag_frame"))
    if at is None or running:
        return (kind, "running" if running else "finished"), ()
    head, pairs = frame_contents(at)
    return (kind, *head), pairs


def cached(found: Any) -> Contents:
    """An lru_cache: what it keeps, in its order; only the collector's view leads there."""
    info = found.cache_info()
    parts = [part for part in gc.get_referents(found) if not isinstance(part, type) and not _has_links(part)]
    return ("lru_cache", info.currsize), [(HITS, info.hits), (MISSES, info.misses), *(("", part) for part in parts)]


def _has_links(part: Any) -> bool:
    """True for the table of a cache with a bound, whose values were listed already."""
    return type(part) is dict and any(type(value).__name__ == "_lru_list_elem" for value in part.values())


CODE: tuple[tuple[Any, Any], ...] = (
    (types.ModuleType, module),
    (types.FunctionType, function),
    (types.CellType, cell),
    (types.MethodType, lambda found: ("method", [("", found.__self__), ("", found.__func__)])),
    ((types.BuiltinFunctionType, types.MethodWrapperType), builtin),
    (type, klass),
    ((types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType), generator),
    (functools._lru_cache_wrapper, cached),
    (types.CodeType, lambda found: (("code", found), ())),
    (types.FrameType, frame),
    (types.TracebackType, traceback),
    (types.GenericAlias, lambda found: ("alias", [("", found.__origin__), ("", found.__args__)])),
    (types.MappingProxyType, lambda found: ("proxy", [("", part) for part in gc.get_referents(found)])),
)
"""Readers by class."""
