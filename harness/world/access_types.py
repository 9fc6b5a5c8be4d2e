"""What the hooks know of a type, learned once: is it a container, where do its attributes live.

Nothing here runs code of the program: types are read through `type`'s own slots, and `isinstance`, which
asks a value for its `__class__`, is left to values that the program cannot have made.
"""

from __future__ import annotations

import collections
import functools
import types
import weakref
from array import array
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any

CONTAINERS = (list, dict, set, collections.deque, bytearray, array)
VIEWS: tuple[type, ...] = (type({}.keys()), type({}.values()), type({}.items()), types.MappingProxyType, memoryview)
IMMUTABLE = (
    int, float, complex, str, bytes, tuple, frozenset, range, slice, types.NoneType, types.EllipsisType,
    types.NotImplementedType, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.CodeType,
    types.GenericAlias, types.UnionType,
)  # fmt: skip
FRESH_ITERATORS = frozenset(type(iter(x)) for x in ((), "", "é", b"", range(0), range(1 << 70)))
_GENERATORS = (types.GeneratorType, types.CoroutineType, types.AsyncGeneratorType)
_IMMUTABLE_MODULES = frozenset(
    ("re", "datetime", "decimal", "fractions", "uuid", "pathlib", "_struct", "zoneinfo", "ipaddress", "_contextvars")
)

Touch = tuple[str, Any, Any]
Effect = Callable[[Any, tuple[Any, ...]], list[Touch]]
"""What a call will touch, (kind, object, key) each, by its receiver and its arguments."""

PLAIN, QUIET, METHOD = "plain", "quiet", "method"
"""Plans for an attribute: an access of (object, name); no access. A tuple: some classes' attribute is read as well.

A plan names classes by their places in the order of lookup, because it must not keep them alive.
"""

MISSING: Any = object()
_OWN = frozenset(("__dict__", "__class__", "__weakref__", "__doc__", "__name__", "__qualname__", "__module__"))
_CODE_LIKE = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodDescriptorType, types.WrapperDescriptorType,
    types.ClassMethodDescriptorType, types.MethodType, classmethod, staticmethod, functools.partialmethod, type,
    types.ModuleType,
)  # fmt: skip
_raw_mro = type.__dict__["__mro__"].__get__
_raw_module = type.__dict__["__module__"].__get__
namespace_of = type.__dict__["__dict__"].__get__
_flags = type.__dict__["__flags__"].__get__
_HEAP = 1 << 9  # Py_TPFLAGS_HEAPTYPE: classes that can be assigned to
_IMMUTABLE = 1 << 8  # Py_TPFLAGS_IMMUTABLETYPE: but not these, which are written in C
module_namespace: Any = vars(types.ModuleType)["__dict__"].__get__


def module_of(cls: type) -> str:
    """The name of the class' module, empty where it has none.

    What a class has under `__module__` may be a property for its instances, and a metaclass may have one for the class.
    """
    try:
        found = _raw_module(cls)
    except AttributeError:
        return ""
    return found if type(found) is str else ""


def closed_module_of(cls: type) -> str:
    """The same, but empty for a class of the standard library that is taken apart like a program's."""
    return "" if "_lab_opened" in type.__dict__["__dict__"].__get__(cls) else module_of(cls)


def _mro(cls: type) -> tuple[type, ...]:
    return _raw_mro(cls) or (cls,)  # None while a metaclass is still at work


class Steps(map):  # type: ignore[type-arg]
    """An iterator that announces each step before it is made, without a frame of its own."""

    @classmethod
    def over(cls, iterator: Any, announce: Callable[[], None]) -> Steps:
        return cls(_second, iter(announce, cls), iterator)


_second: Any = {}.get  # of two arguments, gives the second: the first is never a key


class Facts:
    """All about one type.

    `sort`: container view iterator generator steps immutable module class super record object other, or
    foreign: a container that is neither built in nor rewritten.
    """

    _BY_NAME = (
        "loads", "strict_loads", "class_loads", "strict_class_loads", "stores", "calls", "strict_calls",
        "native", "effects", "makings",
    )  # fmt: skip
    __slots__ = ("sort", "base", *_BY_NAME, "ref", "shares")

    def __init__(self, cls: type) -> None:
        self.base = next((base for base in CONTAINERS if derives(cls, (base,))), None)
        self.sort = _sort(cls, self.base)
        self.shares = False  # instances have had their `__dict__` assigned, which others may have, too
        self.loads: dict[str, Any] = {}
        self.strict_loads: dict[str, Any] = {}
        self.class_loads: dict[str, Any] = {}
        self.strict_class_loads: dict[str, Any] = {}
        self.stores: dict[str, Any] = {}
        self.calls: dict[str, Any] = {}
        self.strict_calls: dict[str, Any] = {}
        self.native: dict[str, bool] = {}
        self.effects: dict[str, Any] = {}
        self.makings: dict[str, Any] = {}
        key = id(cls)
        self.ref = weakref.ref(cls, lambda _: FACTS.pop(key, None))

    def forget(self, name: str) -> None:
        for plans in self._BY_NAME:
            getattr(self, plans).pop(name, None)

    def is_native(self, name: str) -> bool:
        """True if the special method is C's own, so that no program code will announce what it touches."""
        if name not in self.native:
            cls = self.ref()
            self.native[name] = cls is not None and not is_instrumented(lookup(cls, name)[0])
        return self.native[name]


FACTS: dict[int, Facts] = {}
"""By the type's id; an entry goes with its type."""


def facts_of(cls: type) -> Facts:
    try:
        return FACTS[id(cls)]
    except KeyError:
        facts = FACTS[id(cls)] = Facts(cls)
        return facts


def forget(cls: type, name: str) -> None:
    """An attribute of a class was assigned: what was learned about the name may be wrong there, and in its heirs.

    Classes ask the classes that they are instances of, too.
    """
    heirs: dict[int, type] = {}
    pending = [cls]
    for heir in pending:  # which grows
        if id(heir) not in heirs:
            heirs[id(heir)] = heir
            pending += type.__subclasses__(heir)
    for known in list(FACTS.values()) if derives(cls, (type,)) else [FACTS[key] for key in heirs if key in FACTS]:
        known.forget(name)


def _sort(cls: type, base: type | None) -> str:
    if base is not None:
        return "container"
    if cls is Steps:
        return "steps"
    if any(cls is view for view in VIEWS):
        return "view"
    if derives(cls, _GENERATORS):
        return "generator"
    if derives(cls, (type,)):
        return "class"
    if derives(cls, (types.ModuleType,)):
        return "module"
    if cls is super:
        return "super"
    if lookup(cls, "__dataclass_params__")[0] is not MISSING:
        return "record"
    if derives(cls, IMMUTABLE) or (module_of(cls) in _IMMUTABLE_MODULES and cls.__name__ != "Context"):
        return "immutable"
    return _sort_of_other(cls)


def _sort_of_other(cls: type) -> str:
    written_in_python = _flags(cls) & (_HEAP | _IMMUTABLE) == _HEAP and "__module__" in namespace_of(cls)
    if is_a(lookup(cls, "__next__")[0], types.WrapperDescriptorType, types.MethodDescriptorType):
        return "iterator"
    if _is_foreign(cls, "__getitem__") or (_is_foreign(cls, "__len__") and not derives(cls, (Enum,))):
        return "foreign"
    if written_in_python or derives(cls, (BaseException,)) or cls is object:
        return "object"
    return "other"


def _is_foreign(cls: type, name: str) -> bool:
    found = lookup(cls, name)[0]
    return found is not MISSING and not is_instrumented(found)


def derives(cls: type, bases: tuple[type, ...]) -> bool:
    """issubclass without the program's `__subclasscheck__`."""
    return any(base is one for one in _mro(cls) for base in bases)


def is_a(value: Any, *bases: type) -> bool:
    """isinstance without the program's `__instancecheck__` and `__class__`."""
    return derives(type(value), bases)


def lookup(cls: type, name: str) -> tuple[Any, tuple[type, ...]]:
    """What a class finds under a name (raw), and the classes asked, the finder last."""
    asked: list[type] = []
    for base in _mro(cls):
        asked.append(base)
        found = namespace_of(base).get(name, MISSING)
        if found is not MISSING:
            return found, tuple(asked)
    return MISSING, tuple(asked)


def lookup_after(cls: type, start: type, name: str) -> Any:
    """What `super(start, …)` finds on an instance of `cls`."""
    mro = _mro(cls)
    after = next((index + 1 for index, base in enumerate(mro) if base is start), 0)
    for base in mro[after:]:
        if name in namespace_of(base):
            return namespace_of(base)[name]
    return MISSING


def is_instrumented(function: Any) -> bool:
    """True for functions, methods and the like whose own code announces its accesses."""
    if is_a(function, classmethod, staticmethod):
        function = function.__func__
    return is_a(function, types.FunctionType) and is_rewritten(function)


def is_rewritten(function: Any) -> bool:
    """True for a Python function whose module is rewritten."""
    return "_lab_get" in function.__builtins__


def runs_program_code(function: Any) -> bool:
    """True for the program's own functions and methods, and for classes that it gives a say when they are called."""
    if is_a(function, type):
        return any(is_instrumented(lookup(function, name)[0]) for name in ("__init__", "__new__"))
    return is_instrumented(function.__func__ if is_a(function, types.MethodType) else function)


def is_code(value: Any) -> bool:
    """True for functions, classes and modules: named things nobody replaces while threads run."""
    return derives(type(value), _CODE_LIKE)


def load_plan(cls: type, name: str, strict: bool) -> Any:
    """How loading attribute `name` of an instance of `cls` is announced. `strict`: methods count, too."""
    found, asked = lookup(cls, name)
    if found is MISSING:
        return PLAIN
    kind = type(found)
    if kind is types.MemberDescriptorType:
        return PLAIN
    if is_code(found):
        return _shared(asked) if strict else QUIET
    if kind is property:
        return QUIET if found.fget is None or is_instrumented(found.fget) else PLAIN
    if kind is types.GetSetDescriptorType and name in _OWN:
        return QUIET
    if kind is types.GetSetDescriptorType:
        return QUIET if derives(cls, IMMUTABLE) else PLAIN
    if is_a(found, functools.cached_property):
        return PLAIN
    if lookup(kind, "__set__")[0] is not MISSING or lookup(kind, "__delete__")[0] is not MISSING:
        return QUIET if is_instrumented(lookup(kind, "__get__")[0]) else PLAIN
    return PLAIN if lookup(kind, "__get__")[0] is not MISSING else _shared(asked)


def _shared(asked: tuple[type, ...]) -> Any:
    """The places of the classes in the order of lookup that can be assigned to."""
    return tuple(index for index, cls in enumerate(asked) if _flags(cls) & _HEAP) or QUIET


def classes_at(cls: type, places: tuple[int, ...]) -> list[type]:
    """The classes that such a plan stands for."""
    mro = _mro(cls)
    return [mro[index] for index in places]


def store_plan(cls: type, name: str) -> Any:
    """How storing (or deleting) attribute `name` of an instance of `cls` is announced."""
    if is_instrumented(lookup(cls, "__setattr__")[0]):
        return QUIET
    found, _ = lookup(cls, name)
    if found is MISSING or type(found) is types.MemberDescriptorType:
        return PLAIN
    kind = type(found)
    if is_code(found):
        return METHOD
    if kind is types.GetSetDescriptorType or kind is property and not is_instrumented(found.fset):
        return PLAIN
    return QUIET if is_instrumented(lookup(kind, "__set__")[0]) else PLAIN


def class_plan(cls: type, name: str, strict: bool) -> Any:
    """How loading `cls.name` from the class itself is announced."""
    found, asked = lookup(cls, name)
    if found is MISSING:
        return QUIET if load_plan(type(cls), name, strict) is QUIET else PLAIN
    if is_code(found) and not strict:
        return QUIET
    if is_a(found, property, types.GetSetDescriptorType, types.MemberDescriptorType):
        return QUIET
    return _shared(asked)


def instances(values: Any, *sorts: str) -> Iterator[Any]:
    """Those of the values whose type is of one of the sorts."""
    return (value for value in values if facts_of(type(value)).sort in sorts)
