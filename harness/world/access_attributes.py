"""Which locations an attribute stands for.

`obj.x`, `getattr(obj, "x")`, `obj.__dict__["x"]` and `vars(obj)["x"]` are one location: (obj, "x").
An attribute of a module is (module's `__dict__`, name), like the global it is. A class attribute read
through an instance is two locations: the instance might have got its own meanwhile.
"""

from __future__ import annotations

import gc
import sys
import types
import weakref
from collections.abc import Callable
from typing import Any

from harness.trace import WHOLE
from harness.world.access_reach import REPLACED, Touch
from harness.world.access_types import (
    MISSING,
    PLAIN,
    QUIET,
    Facts,
    class_plan,
    classes_at,
    facts_of,
    forget,
    is_a,
    is_code,
    load_plan,
    lookup,
    module_namespace,
    namespace_of,
    store_plan,
)

MEANINGS = frozenset(
    ("__class__", "__bases__", "__code__", "__defaults__", "__kwdefaults__", "cell_contents", "__func__", "__call__")
)
"""Attributes that decide what an object is or does, which is asked for without loading them."""

OWNERS: dict[int, Callable[[], Any]] = {}
"""By id of an instance's `__dict__` that the program got hold of: how to get the instance. Empty when a run begins."""


_BEFORE: dict[tuple[int, str], tuple[Any, str, Any]] = {}
"""What the program has assigned to the host's own modules and classes: where, under which name, what was there."""


def put_back() -> None:
    """Undo what a program has done to modules and classes that outlive it."""
    while _BEFORE:
        _, (target, name, before) = _BEFORE.popitem()
        if before is not MISSING:
            setattr(target, name, before)
        elif name in vars(target):
            delattr(target, name)


def _note(target: Any, namespace: Any, name: str) -> None:
    """An attribute of a module or a class is about to change; `sys` is looked after by others."""
    home = namespace.get("__name__" if is_a(target, types.ModuleType) else "__module__")
    module = sys.modules.get(home) if type(home) is str else None
    if module is None or module is sys or (id(target), name) in _BEFORE:
        return
    hosts = module_namespace(module)
    own = "_lab_get" in (hosts.get("__builtins__") if type(hosts.get("__builtins__")) is dict else ())
    if not own and (target is module or hosts.get(namespace.get("__qualname__", target.__name__)) is target):
        _BEFORE[id(target), name] = (target, name, namespace.get(name, MISSING))


def owner_of(obj: Any) -> Any:
    """The object to which an access of `obj` belongs: the instance for its `__dict__`, else `obj`."""
    if OWNERS and type(obj) is dict and id(obj) in OWNERS:
        owner = OWNERS[id(obj)]()
        if owner is not None and _namespace(owner) is obj:
            return owner
    return obj


def hand_out(obj: Any) -> None:
    """The program is about to get `obj.__dict__`."""
    namespace = _namespace(obj)
    if namespace is None or is_a(obj, types.ModuleType) or facts_of(type(obj)).shares:
        return
    key = id(namespace)
    try:
        OWNERS[key] = weakref.ref(obj, lambda ref: OWNERS.pop(key, None) if OWNERS.get(key) is ref else None)
    except TypeError:
        OWNERS[key] = lambda: obj  # such objects have no finalizer to wait for, and live as long as the execution


def _namespace(obj: Any) -> Any:
    if is_a(obj, type):
        return gc.get_referents(type.__dict__["__dict__"].__get__(obj))[0]
    try:
        return object.__getattribute__(obj, "__dict__")
    except AttributeError:
        return None


def peek(obj: Any, name: str) -> Any:
    """What an attribute holds, if that can be told without running code of the program; else MISSING."""
    cls = type(obj)
    if lookup(cls, "__getattribute__")[0] is not object.__getattribute__:
        return MISSING
    found = lookup(cls, name)[0]
    if type(found) is types.MemberDescriptorType:
        try:
            return found.__get__(obj)
        except AttributeError:
            return MISSING
    if found is not MISSING and lookup(type(found), "__set__")[0] is not MISSING:
        return MISSING
    plain = found is MISSING or lookup(type(found), "__get__")[0] is MISSING
    return (_namespace(obj) or {}).get(name, found if plain else MISSING)


def load_touches(obj: Any, name: str, strict: bool = True) -> list[Touch]:
    """What loading an attribute reads. `strict`: methods and functions count, too."""
    if name == "__dict__":
        hand_out(obj)
        return []
    facts = facts_of(type(obj))
    if facts.sort == "module":
        return _module_touches(obj, name, strict)
    if facts.sort == "class":
        return _class_touches(obj, name, strict)
    if facts.shares:
        touches = _planned(load_plan(type(obj), name, strict), obj, type(obj), name)
        return [*touches, *(("read", _namespace(obj), name) for _ in touches[:1])]
    plans = facts.strict_loads if strict else facts.loads
    if name not in plans:
        plans[name] = load_plan(type(obj), name, strict)
    return _planned(plans[name], obj, type(obj), name)


def _planned(plan: Any, obj: Any, cls: type, name: str) -> list[Touch]:
    if plan is QUIET:
        return []
    own: list[Touch] = [("read", obj, name)]
    return own if plan is PLAIN else own + [("read", base, name) for base in classes_at(cls, plan)]


def _class_touches(cls: type, name: str, strict: bool) -> list[Touch]:
    facts = facts_of(cls)
    plans = facts.strict_class_loads if strict else facts.class_loads
    if name not in plans:
        plans[name] = class_plan(cls, name, strict)
    plan = plans[name]
    if type(plan) is tuple:
        return [("read", base, name) for base in classes_at(cls, plan)]
    return _planned(plan if plan is QUIET else load_plan(type(cls), name, strict), cls, type(cls), name)


def _module_touches(module: types.ModuleType, name: str, strict: bool) -> list[Touch]:
    """A library module's attribute counts only where the program assigns that name somewhere."""
    namespace = module_namespace(module)
    names = namespace.get("__builtins__")
    rewritten = type(names) is dict and "_lab_get" in names
    if not strict and (not rewritten or is_code(namespace.get(name))):
        return []
    return [("read", namespace, name)]


def store_touches(obj: Any, name: str, plainly: bool = False, called: bool = False) -> list[Touch]:
    """What storing or deleting an attribute writes. `plainly`: as object.__setattr__ does; `called`: by a function."""
    facts = facts_of(type(obj))
    if facts.sort == "module":
        namespace = module_namespace(obj) or {}  # there is none before its __init__
        _note(obj, namespace, name)
        return [("write", namespace, name), *_replaced(obj is sys or is_code(namespace.get(name, MISSING)))]
    if facts.sort == "class":
        found = lookup(obj, name)[0]
        _note(obj, namespace_of(obj), name)
        forget(obj, name)
        return [("write", obj, name), *_replaced(_is_data(found) or (called and is_code(found)))]
    if name == "__dict__" and lookup(type(obj), "__getattribute__")[0] is object.__getattribute__:
        _sharing(facts)
    plan = facts.stores.get(name) or store_plan(type(obj), name)
    if plan is QUIET and not plainly:
        return []
    if facts.shares and name not in ("__dict__", "__class__"):
        return [("write", obj, name), ("write", _namespace(obj), name)]
    facts.stores[name] = plan
    replaced = called and (name in MEANINGS or is_code(lookup(type(obj), name)[0]))
    return [("write", obj, WHOLE if name in ("__dict__", "__class__") else name), *_replaced(replaced)]


def _sharing(facts: Facts) -> None:
    """From now on attributes of such objects are items of a dict, too, and nothing learned of them holds."""
    facts.shares = True
    for plans in (facts.loads, facts.strict_loads, facts.stores):
        plans.clear()


def _replaced(if_so: bool) -> list[Touch]:
    return [REPLACED] if if_so else []


def _is_data(found: Any) -> bool:
    """True for what is asked each time an attribute is loaded: properties and the like."""
    return found is not MISSING and lookup(type(found), "__set__")[0] is not MISSING
