"""The hooks that rewritten programs call: each says what is about to be touched, through one callable.

`hooks(access)` gives the names to put into a program's builtins. `access(kind, obj, key, site)` is
called right before the access takes effect, and is the scheduling point. `kind` is "read" or "write".

    what                  obj                       key
    attribute             the object                its name (`__dict__ = …`: WHOLE)
    class attribute       the class                 its name (through an instance: the instance first)
    module attribute      the module's `__dict__`   its name
    global                the module's `__dict__`   its name
    closure variable      the cell                  WHOLE
    list, deque, array    the container             index >= 0; WHOLE for slices and all that shifts items
    dict, set             the container             the key; WHOLE for what touches all, and for keys whose
                                                    `__hash__` or `__eq__` the program wrote
    iterator, generator   the iterator ("write")    WHOLE, beside the read of what it walks over

`together(touches, site)` is called instead where one operation touches several things at once: a list of
(kind, obj, key), one scheduling point. Without it `access` is called for each, which lets threads change
places between them.

No hook runs code of the program. Errors are raised by the program's own instructions, in its own frame;
where an object of access_standins.py stands in between, frames of harness/world/ show in the traceback.

A C function that calls back into the program (a sort key, `__eq__`, `extend` from a generator) is
announced at its start only.
"""

from __future__ import annotations

import operator
import types
from collections.abc import Callable
from functools import partial
from typing import Any

from harness.trace import WHOLE
from harness.world.access_attributes import load_touches, owner_of, store_touches
from harness.world.access_calls import Call, class_call, effect_of, method_touching, super_call
from harness.world.access_effects import (
    UNSTEADY,
    Effect,
    Touch,
    contents,
    deep,
    get_item,
    nothing,
    place,
    read_key,
    readable,
    stepping,
    write_if_present,
    write_key,
)
from harness.world.access_standins import AttributeInPlace, Items, ItemsInPlace, Receiver
from harness.world.access_types import (
    FACTS,
    FRESH_ITERATORS,
    MISSING,
    PLAIN,
    QUIET,
    Facts,
    facts_of,
    is_code,
    is_instrumented,
    lookup,
)

Access = Callable[[str, Any, Any, int], None]
Together = Callable[[list[Touch], int], None]
_ATTRIBUTE, _DYNAMIC = "attribute", "dynamic"
_SPECIAL = frozenset(("module", "class", "super"))


class Steps(map):  # type: ignore[type-arg]
    """An iterator that announces each step before it is made, without a frame of its own."""

    @classmethod
    def over(cls, iterator: Any, announce: Callable[[], None]) -> Steps:
        return cls(_second, iter(announce, cls), iterator)


_second: Any = {}.get  # of two arguments, gives the second: the first is never a key


class Hooks:
    """All hooks as methods; their names without `_lab_`."""

    def __init__(self, access: Access, together: Together | None) -> None:
        self.access = access
        self.together = together or self._one_by_one

    def _one_by_one(self, touches: list[Touch], site: int) -> None:
        for kind, obj, key in touches:
            self.access(kind, obj, key, site)

    def say(self, touches: list[Touch], site: int) -> None:
        """Announce one operation."""
        if len(touches) == 1:
            kind, obj, key = touches[0]
            self.access(kind, owner_of(obj), key, site)
        elif touches:
            self.together([(kind, owner_of(obj), key) for kind, obj, key in touches], site)

    def effect(self, effect: Effect, receiver: Any, arguments: tuple[Any, ...], site: int) -> None:
        """Announce a call; again where other threads have changed meanwhile what it will touch."""
        touches = effect(receiver, arguments)
        self.say(touches, site)
        while effect in UNSTEADY and touches:
            before, touches = touches, effect(receiver, arguments)
            if _same(before, touches):
                return
            self.say(touches, site)

    # Attributes

    def get(self, obj: Any, name: str, site: int) -> Any:
        try:
            plan = FACTS[id(type(obj))].loads[name]
        except KeyError:
            plan = None
        if plan is PLAIN:
            self.access("read", obj, name, site)
        elif plan is not QUIET:
            self.say(load_touches(obj, name, False), site)
        return obj

    def get_s(self, obj: Any, name: str, site: int) -> Any:
        try:
            plan = FACTS[id(type(obj))].strict_loads[name]
        except KeyError:
            plan = None
        if plan is PLAIN:
            self.access("read", obj, name, site)
        elif plan is not QUIET:
            self.say(load_touches(obj, name, True), site)
        return obj

    def set_w(self, obj: Any, name: str, site: int) -> Any:
        self.say(store_touches(obj, name), site)
        return obj

    set = set_d = set_w

    def aug_attribute(self, obj: Any, name: str, site: int) -> Any:
        return AttributeInPlace(self, obj, site)

    # Globals and closure variables

    def global_(self, namespace: dict[str, Any], name: str, site: int) -> None:
        self.access("read", namespace, name, site)

    def global_w(self, namespace: dict[str, Any], name: str, site: int) -> dict[str, Any]:
        self.access("write", namespace, name, site)
        return namespace

    def global_v(self, value: Any, namespace: dict[str, Any], name: str, site: int) -> Any:
        self.access("write", namespace, name, site)
        return value

    def cell(self, variable: types.FunctionType, site: int) -> None:
        self.access("read", variable.__closure__[0], WHOLE, site)  # type: ignore[index]

    def cell_w(self, variable: types.FunctionType, site: int) -> Any:
        cell = variable.__closure__[0]  # type: ignore[index]
        self.access("write", cell, WHOLE, site)
        return cell

    def cell_v(self, value: Any, variable: types.FunctionType, site: int) -> Any:
        self.access("write", variable.__closure__[0], WHOLE, site)  # type: ignore[index]
        return value

    # Items

    def _item(self, obj: Any, key: Any, site: int, method: str) -> None:
        facts = facts_of(type(obj))
        if (facts.base is None and facts.sort != "view") or not facts.is_native(method):
            return
        obj, base = contents(obj), facts.base
        if method == "__getitem__":
            effect = get_item if base is dict else read_key
        elif method == "__setitem__":
            effect = write_key
        else:
            effect = write_if_present if base is dict else _write_whole
        self.effect(effect, obj, (key,), site)

    def item(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "__getitem__")
        return obj

    def item_w(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "__setitem__")
        return obj

    def item_d(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "__delitem__")
        return obj

    def key(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "__getitem__")
        return key

    def key_w(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "__setitem__")
        return key

    def key_d(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "__delitem__")
        return key

    def whole(self, obj: Any, site: int) -> Any:
        self._item(obj, WHOLE, site, "__getitem__")
        return obj

    def whole_w(self, obj: Any, site: int) -> Any:
        self._item(obj, WHOLE, site, "__setitem__")
        return obj

    def whole_d(self, obj: Any, site: int) -> Any:
        self._item(obj, WHOLE, site, "__delitem__")
        return obj

    def sub(self, obj: Any, site: int) -> Any:
        return Items(self, obj, site) if facts_of(type(obj)).sort in ("container", "view") else obj

    def aug_item(self, obj: Any, site: int) -> Any:
        return ItemsInPlace(self, obj, site) if facts_of(type(obj)).sort in ("container", "view") else obj

    # Whole values: operators, truth, formatting

    def _reads(self, value: Any, special: str, site: int) -> Any:
        facts = facts_of(type(value))
        if facts.sort in ("container", "view") and facts.is_native(special):
            self.say(readable((value,)), site)
        return value

    def read(self, value: Any, site: int) -> Any:
        return self._reads(value, "__len__", site)

    truth = read

    def spread(self, value: Any, site: int) -> Any:
        return self._reads(value, "keys", site)

    def text(self, value: Any, site: int) -> Any:
        sort = facts_of(type(value)).sort
        if sort in ("container", "view", "record") or type(value) is tuple:
            self.say(deep(value), site)
        return value

    read_deep = text

    def match(self, value: Any, site: int) -> Any:
        """A class pattern may read any attribute of the subject and of what is in it."""
        parts = list(value) if type(value) in (tuple, list) else [value]
        objects = [("read", part, WHOLE) for part in parts if facts_of(type(part)).sort == "object"]
        self.say([*deep(value), *objects], site)
        return value

    def pair(self, left: Any, right: Any, site: int) -> tuple[Any, Any]:
        self.rhs(left, right, site)
        return left, right

    def rhs(self, left: Any, right: Any, site: int) -> Any:
        if _has_contents(left) or _has_contents(right):
            self.say([*deep(left), *deep(right)], site)
        elif type(left) is str and type(right) is tuple:
            self.say(deep(right), site)
        return right

    def aug_pair(self, left: Any, right: Any, site: int) -> tuple[Any, Any]:
        self.aug_rhs(left, right, site)
        return left, right

    def aug_rhs(self, left: Any, right: Any, site: int) -> Any:
        if self.changes_in_place(left):
            self.say([("write", left, WHOLE), *readable((right,))], site)
        elif _has_contents(left) or _has_contents(right):
            self.say([*deep(left), *deep(right)], site)
        return right

    def changes_in_place(self, value: Any) -> bool:
        facts = facts_of(type(value))
        return facts.base is not None and facts.is_native("__iadd__" if facts.base not in (dict, set) else "__ior__")

    def in_(self, element: Any, container: Any, site: int) -> Any:
        facts = facts_of(type(container))
        if facts.sort == "container" and facts.is_native("__contains__"):
            self.say([("read", container, place(container, element) if facts.base in (dict, set) else WHOLE)], site)
        elif facts.sort in ("view", "iterator", "generator"):
            self.say(readable((container,)), site)
        return container

    def in_pair(self, element: Any, container: Any, site: int) -> tuple[Any, Any]:
        self.in_(element, container, site)
        return container, element

    # Iteration

    def open(self, iterable: Any, site: int) -> Any:
        """What a loop walks over, before `iter` is called: built-in containers and iterators announce each step."""
        facts = facts_of(type(iterable))
        if facts.sort in ("iterator", "generator"):
            return self._walk(iterable, iterable, site)
        if facts.sort not in ("container", "view") or not facts.is_native("__iter__"):
            return iterable
        container = contents(iterable)
        if facts.base is not list:
            self.access("read", owner_of(container), WHOLE, site)
        return Steps.over(iter(iterable), partial(self.access, "read", owner_of(container), WHOLE, site))

    def _walk(self, iterable: Any, iterator: Any, site: int) -> Any:
        if type(iterator) is Steps or facts_of(type(iterator)).sort not in ("iterator", "generator"):
            return iterable
        return Steps.over(iterator, partial(self.say, stepping(iterator), site))

    def steps(self, iterator: Any, site: int) -> Any:
        """What `iter` gave: for iterables of the program's own."""
        return iterator if type(iterator) in FRESH_ITERATORS else self._walk(iterator, iterator, site)

    def steps_unpacked(self, iterator: Any, site: int) -> Any:
        """The same where each element is taken apart."""
        iterator = self.steps(iterator, site)
        return Steps(partial(self._taken_apart, site), iterator)

    def _taken_apart(self, site: int, element: Any) -> Any:
        return element if type(element) is tuple else self.unpack(element, site)

    def star(self, iterable: Any, site: int) -> Any:
        """An iterable that is walked through at once."""
        sort = facts_of(type(iterable)).sort
        if sort in ("iterator", "generator"):
            return self._walk(iterable, iterable, site)
        return self._reads(iterable, "__iter__", site)

    def unpack(self, value: Any, site: int) -> Any:
        return self.star(value, site)

    def from_(self, iterable: Any, site: int) -> Any:
        """`yield from`: what is sent must reach a generator, so it is announced once."""
        sort = facts_of(type(iterable)).sort
        if sort in ("iterator", "generator"):
            self.say(stepping(iterable), site)
            return iterable
        return self.open(iterable, site)

    # Calls

    def call(self, function: Any, site: int, /, *arguments: Any) -> Any:
        """A call whose arguments are known."""
        if type(function) is types.FunctionType and "_lab_get" in function.__builtins__:
            return function
        found = effect_of(function)
        if found is not None:
            self.effect(*found, arguments, site)
        return function

    def args(self, function: Any, site: int, /, *arguments: Any) -> tuple[Any, ...]:
        self.call(function, site, *arguments)
        return arguments

    def calling(self, function: Any, site: int) -> Any:
        """A function about to be called with arguments not known yet."""
        if type(function) is types.FunctionType and "_lab_get" in function.__builtins__:
            return function
        found = effect_of(function)
        return function if found is None else self._announcing(function, found, site)

    def _announcing(self, function: Any, found: Call, site: int) -> Callable[..., Any]:
        def announced(*arguments: Any, **named: Any) -> Any:
            self.effect(*found, (*arguments, *named.values()), site)
            return function(*arguments, **named)

        return announced

    def _plan(self, obj: Any, name: str, strict: bool) -> Any:
        facts = facts_of(type(obj))
        plans = facts.strict_calls if strict else facts.calls
        if name not in plans:
            plans[name] = _call_plan(facts, type(obj), name, strict)
        return plans[name]

    def meth(self, obj: Any, name: str, site: int, /, *arguments: Any) -> Any:
        """A method call whose arguments are known."""
        try:
            plan = FACTS[id(type(obj))].calls[name]
        except KeyError:
            plan = self._plan(obj, name, False)
        return obj if plan is QUIET else self._meth(obj, name, site, plan, False, arguments)

    def meth_s(self, obj: Any, name: str, site: int, /, *arguments: Any) -> Any:
        return self._meth(obj, name, site, self._plan(obj, name, True), True, arguments)

    def _meth(self, obj: Any, name: str, site: int, plan: Any, strict: bool, arguments: tuple[Any, ...]) -> Any:
        if plan is QUIET:
            return obj
        if plan is _ATTRIBUTE:
            return self._attribute_call(obj, name, site, strict)
        found = self._special(obj, name, site, strict) if plan is _DYNAMIC else (plan, obj)
        if found is not None:
            self.effect(*found, arguments, site)
        return obj

    def method(self, obj: Any, name: str, site: int) -> Any:
        """The same where the arguments are not known yet."""
        return self._method(obj, name, site, False)

    def method_s(self, obj: Any, name: str, site: int) -> Any:
        return self._method(obj, name, site, True)

    def _method(self, obj: Any, name: str, site: int, strict: bool) -> Any:
        plan = self._plan(obj, name, strict)
        if plan is QUIET:
            return obj
        if plan is _ATTRIBUTE:
            return self._attribute_call(obj, name, site, strict)
        found = self._special(obj, name, site, strict) if plan is _DYNAMIC else (plan, obj)
        return obj if found is None else Receiver(self._announcing(getattr(obj, name), found, site))

    def _special(self, obj: Any, name: str, site: int, strict: bool) -> Call | None:
        """Functions of modules, methods taken from classes, and `super()`."""
        sort = facts_of(type(obj)).sort
        if sort == "super":
            return super_call(obj, name)
        self.say(load_touches(obj, name, strict), site)
        if sort == "class":
            return class_call(obj, name)
        return effect_of(obj.__dict__.get(name, _no_function))

    def _attribute_call(self, obj: Any, name: str, site: int, strict: bool) -> Any:
        """An attribute that is no method is loaded, and what it holds is called."""
        self.say(load_touches(obj, name, strict), site)
        try:
            value = object.__getattribute__(obj, name)
        except AttributeError:
            return obj
        found = effect_of(value)
        return obj if found is None else Receiver(self._announcing(value, found, site))


def _no_function() -> None:
    """Stands for what a module does not have."""


def _write_whole(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE)]


def _has_contents(value: Any) -> bool:
    return facts_of(type(value)).sort in ("container", "view", "record")


def _same(before: list[Touch], after: list[Touch]) -> bool:
    if len(before) != len(after):
        return False
    pairs = zip(before, after, strict=True)
    return all(a[0] == b[0] and a[1] is b[1] and a[2] == b[2] for a, b in pairs)


def _call_plan(facts: Facts, cls: type, name: str, strict: bool) -> Any:
    """QUIET, _ATTRIBUTE (not a method), _DYNAMIC (depends on the object) or the method's effect."""
    if facts.sort in _SPECIAL:
        return _DYNAMIC
    found, _ = lookup(cls, name)
    if isinstance(found, property):
        return QUIET
    if found is MISSING or isinstance(found, type) or not is_code(found):
        return _ATTRIBUTE
    if is_instrumented(found):
        return _ATTRIBUTE if strict else QUIET
    effect = method_touching(cls, name, found)
    return QUIET if effect is None or effect is nothing else effect


def hooks(access: Access, together: Together | None = None) -> dict[str, Callable[..., Any]]:
    """The builtins a rewritten program needs, by name."""
    made = Hooks(access, together)
    names = [name for name in dir(made) if not name.startswith("_") and name not in ("access", "together", "say", "effect")]
    result: dict[str, Callable[..., Any]] = {"_lab_" + name.rstrip("_"): getattr(made, name) for name in names}
    for name in _OPERATORS:
        result["_lab_op_" + name] = getattr(operator, f"__{name}__")
    return {**result, "_lab_globals": globals, "_lab_iter": iter, "_lab_slice": slice}


_BINARY = ("add", "sub", "mul", "mod", "or", "and", "xor", "truediv", "floordiv", "pow", "lshift", "rshift", "matmul")
_OPERATORS = (*_BINARY, *("i" + name for name in _BINARY), "eq", "ne", "lt", "le", "gt", "ge", "contains")
