"""What calling something touches, found out right before the call."""

from __future__ import annotations

import functools
import itertools
import operator
import types
import weakref
from typing import Any

from harness.world.access_attributes import hand_out, load_touches, peek, store_touches
from harness.world.access_effects import look_around, nothing, read_arguments, weakly, write_arguments, write_everything
from harness.world.access_library import FUNCTIONS, foreign_effect, is_library_code, method_effect
from harness.world.access_outside import builtin_outside, making_outside
from harness.world.access_reach import Effect, Touch, readable
from harness.world.access_standins import BoundMethod
from harness.world.access_types import MISSING, derives, facts_of, is_a, is_instrumented, lookup, lookup_after

Call = tuple[Effect, Any]
"""An effect and its receiver."""

_BUILTIN_METHODS = (types.BuiltinFunctionType, types.MethodWrapperType)
_UNBOUND = (types.MethodDescriptorType, types.WrapperDescriptorType)


def effect_of(function: Any) -> Call | None:
    """What calling `function` touches; None where that announces itself or touches nothing."""
    call = _effect_of(function)
    return None if call is None or call[0] is nothing else call


def _effect_of(function: Any) -> Call | None:
    kind = type(function)
    if kind is types.BuiltinFunctionType and function in FUNCTIONS:
        return FUNCTIONS[function], function
    if kind is types.FunctionType:
        effect = None if is_instrumented(function) else foreign_effect(function, False)
        return effect and (effect, function)
    if kind is types.MethodType:
        return _bound(function)
    if kind is BoundMethod:
        return None
    if kind in _BUILTIN_METHODS:
        return _builtin(function)
    if kind in _UNBOUND:
        return _unbound(function.__objclass__, function.__name__, function)
    if facts_of(kind).sort == "class":
        return _construction(function)
    if kind is functools.partial:
        return _partial(function)
    if kind is operator.itemgetter:
        return read_arguments, function
    if kind is operator.attrgetter:
        return _get_attributes, function
    if kind is operator.methodcaller:
        return _call_method, function
    called = lookup(kind, "__call__")[0]
    if derives(kind, (weakref.ref,)):
        return weakly, function
    if called is MISSING or is_instrumented(called):
        return None
    return write_everything, function


def _bound(method: types.MethodType) -> Call | None:
    inner = method.__func__
    if not is_a(inner, types.FunctionType):
        return None
    effect = None if is_instrumented(inner) else method_effect(type(method.__self__), inner.__name__, inner)
    return effect and (effect, method.__self__)


def _builtin(function: Any) -> Call | None:
    receiver, name = function.__self__, function.__name__
    if receiver is None or is_a(receiver, types.ModuleType):
        there = builtin_outside(function) if receiver is not None else None
        return there or _ATTRIBUTE_FUNCTIONS.get(function, write_arguments), function
    if is_a(receiver, type):
        return read_arguments, receiver
    effects = facts_of(type(receiver)).effects
    if name not in effects:
        effects[name] = method_touching(type(receiver), name, lookup(type(receiver), name)[0])
    return effects[name] and (effects[name], receiver)


def _unbound(cls: type, name: str, found: Any) -> Call | None:
    """A method taken from its class: the receiver is the first argument."""

    def effect(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
        if not arguments or is_instrumented(found):
            return []
        inner = method_touching(type(arguments[0]), name, found)
        return inner(arguments[0], arguments[1:]) if inner else []

    return effect, cls


_TAKING_ALL = (itertools.chain, itertools.product, itertools.permutations, itertools.combinations)


def _drawing(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """An iterator that will draw from these."""
    return readable(arguments)


def _construction(cls: type) -> Call | None:
    makings = facts_of(cls).makings
    if "__init__" not in makings:
        makings["__init__"] = _making(cls)
    effect = makings["__init__"]
    return effect and (effect, cls)


def _making(cls: type) -> Effect | None:
    """What it touches that an object of this class is made."""
    if type(cls) is type and cls in FUNCTIONS:
        return FUNCTIONS[cls]
    there = making_outside(cls)
    if there is not None:
        return there
    facts = facts_of(cls)
    if facts.base is not None and not is_instrumented(lookup(cls, "__init__")[0]):
        return read_arguments
    if facts.sort == "iterator":
        return read_arguments if cls in _TAKING_ALL else _drawing
    made = lookup(cls, "__init__")[0]
    if is_a(made, types.FunctionType) and not is_instrumented(made) and is_library_code(made):
        return look_around
    return None


def _partial(function: functools.partial[Any]) -> Call | None:
    inner = _effect_of(function.func)
    if inner is None:
        return None
    effect, receiver = inner
    given = (*function.args, *function.keywords.values())
    return (lambda _, arguments: effect(receiver, (*given, *arguments))), function


def method_touching(cls: type, name: str, found: Any) -> Effect | None:
    """`method_effect`, and the attribute protocol's own methods."""
    if name in _SLOT_METHODS and derives(cls, (types.MemberDescriptorType,)):
        return _SLOT_METHODS[name]
    if name in _ATTRIBUTE_METHODS and not is_instrumented(found):
        return _ATTRIBUTE_METHODS[name]
    return method_effect(cls, name, found)


_super_self = super.__dict__["__self__"].__get__
_super_class = super.__dict__["__thisclass__"].__get__


def super_call(parent: Any, name: str) -> Call | None:
    """What `super().name(…)` touches."""
    receiver = _super_self(parent)
    cls = receiver if is_a(receiver, type) else type(receiver)
    found = lookup_after(cls, _super_class(parent), name)
    if found is MISSING or is_a(receiver, type):
        return None
    effect = method_touching(cls, name, found)
    return effect and (effect, receiver)


def class_call(cls: type, name: str) -> Call | None:
    """What `cls.name(…)` touches."""
    found = lookup(cls, name)[0]
    if found is MISSING and name == "__subclasses__":
        return (lambda receiver, arguments: [("read", cls, name)]), cls
    if found is MISSING:
        found = lookup(type(cls), name)[0]
        return None if found is MISSING or is_instrumented(found) else _of_metaclass(cls, name, found)
    if is_instrumented(found):
        return None
    if is_a(found, types.ClassMethodDescriptorType):
        return read_arguments, cls
    if is_a(found, *_UNBOUND, types.FunctionType) and not derives(cls, (type,)):
        return _unbound(cls, name, found)
    if is_a(found, classmethod, staticmethod):
        return effect_of(found.__func__)
    return effect_of(found)


def _of_metaclass(cls: type, name: str, found: Any) -> Call | None:
    """What a class's own method (`register` of ABCMeta) touches."""
    effect = foreign_effect(found, True) if is_a(found, types.FunctionType) else None
    return effect and (effect, cls)


def _load(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return load_touches(receiver, arguments[0]) if _named(arguments) else []


def _store(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return store_touches(receiver, arguments[0], plainly=True, called=True) if _named(arguments) else []


def _named(arguments: tuple[Any, ...]) -> bool:
    return bool(arguments) and type(arguments[0]) is str


def _get_attribute(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return load_touches(*arguments[:2]) if _named(arguments[1:]) else []


def _set_attribute(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return store_touches(arguments[0], arguments[1], called=True) if _named(arguments[1:]) else []


def _get_attributes(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """operator.attrgetter: each name may be a chain of them."""
    touches: list[Touch] = []
    for chain in receiver.__reduce__()[1]:
        value = arguments[0] if arguments else MISSING
        for name in chain.split("."):
            if value is not MISSING:
                touches += load_touches(value, name)
                value = peek(value, name)
    return touches


def _call_method(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """operator.methodcaller."""
    made, given = receiver.__reduce__()
    name, more = (
        (given[0], given[1:]) if made is operator.methodcaller else (made.args[0], (*given, *made.keywords.values()))
    )
    if not arguments:
        return []
    found = lookup(type(arguments[0]), name)[0]
    effect = None if found is MISSING or is_instrumented(found) else method_touching(type(arguments[0]), name, found)
    return [*load_touches(arguments[0], name), *(effect(arguments[0], more) if effect else [])]


def _load_slot(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", arguments[0], receiver.__name__)] if arguments else []


def _store_slot(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", arguments[0], receiver.__name__)] if arguments else []


_SLOT_METHODS: dict[str, Effect] = {"__get__": _load_slot, "__set__": _store_slot, "__delete__": _store_slot}


def _vars(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    for argument in arguments[:1]:
        hand_out(argument)
    return []


_ATTRIBUTE_METHODS: dict[str, Effect] = {"__getattribute__": _load, "__setattr__": _store, "__delattr__": _store}
_ATTRIBUTE_FUNCTIONS: dict[Any, Effect] = {
    **{getattr: _get_attribute, hasattr: _get_attribute, setattr: _set_attribute, delattr: _set_attribute, vars: _vars}
}
