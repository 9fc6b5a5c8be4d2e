"""The hooks for calls."""

from __future__ import annotations

import collections
import functools
import types
from collections.abc import Callable
from typing import Any

from harness.trace import WHOLE
from harness.world.access_attributes import OWNERS, load_touches, owner_of, peek
from harness.world.access_containers import Containers
from harness.world.access_effects import WALKING, deep_arguments, nothing, write_all, write_from
from harness.world.access_functions import Call, class_call, effect_of, method_touching, super_call
from harness.world.access_outside import Leaving, goes_outside
from harness.world.access_reach import CALLS, LOOKING, Effect, deep, reachable
from harness.world.access_standins import BoundMethod, Receiver
from harness.world.access_types import (
    FACTS,
    MISSING,
    QUIET,
    Facts,
    Steps,
    facts_of,
    is_a,
    is_code,
    is_instrumented,
    lookup,
    module_namespace,
    runs_program_code,
)

_ASKING = frozenset((int, float, len, bool, reversed, memoryview, bytes, bytearray, collections.Counter))
"""What asks its argument for more than its elements."""

_FILLING = WALKING | {deep_arguments}
_FILLED = frozenset((bytes, bytearray, collections.Counter, dict))
"""What walks through it nevertheless, if it has no more than elements."""

_ATTRIBUTE, _DYNAMIC = "attribute", "dynamic"
_SPECIAL = frozenset(("module", "class", "super"))


class Calls(Containers):
    """Hooks for calls of functions and methods."""

    def call(self, function: Any, site: int, /, *arguments: Any) -> Any:
        """A call whose arguments are known."""
        kind = type(function)
        if kind is types.FunctionType and "_lab_get" in function.__builtins__:
            return function
        found = effect_of(function)
        if found is not None:
            if found[0] in _FILLING and function in _FILLED and not all(map(_walks_natively, arguments)):
                self.say([CALLS, *reachable(arguments)], site)
            self.effect(found, arguments, site)
            if found[0] in WALKING and function not in _ASKING and not all(map(_walks_natively, arguments)):
                return lambda *given, **named: function(*(self.once(one, site) for one in given), **named)
        return function

    def args(self, function: Any, site: int, /, *arguments: Any) -> tuple[Any, ...]:
        if self.call(function, site, *arguments) is not function:
            arguments = tuple(self.once(argument, site) for argument in arguments)
        return arguments

    def with_(self, manager: Any, site: int) -> Any:
        """What a `with` statement is about to enter. What leaving it does (a file is closed) is announced then."""
        entering, leaving = self._managed(type(manager))
        if entering is not None:
            self.effect((entering, manager), (), site)
        return manager if leaving is None else Leaving(manager, lambda: self.effect((leaving, manager), (), site))

    def _managed(self, cls: type) -> tuple[Effect | None, Effect | None]:
        """What the library's `__enter__` (files: nothing) and `__exit__` touch."""
        effects = facts_of(cls).effects
        if "with" not in effects:
            found = [lookup(cls, name)[0] for name in ("__enter__", "__exit__")]
            known = [None if one is MISSING or is_instrumented(one) else one for one in found]
            pairs = zip(("__enter__", "__exit__"), known, strict=True)
            entering, leaving = (one and method_touching(cls, name, one) for name, one in pairs)
            if entering is not None and goes_outside(entering):
                entering = None
            effects["with"] = (None if entering is nothing else entering, None if leaving is nothing else leaving)
        return effects["with"]  # type: ignore[no-any-return]

    def fed(self, function: Any, site: int, key: Any, /, *arguments: Any) -> tuple[Any, ...]:
        """The same for functions that may run program code between two elements: each element is a step."""
        self.in_order(site, *arguments)  # of two that a key makes equal the first one counts
        if type(key) in LOOKING:
            self.say(reachable(arguments), site)
        if (function is map or function is filter or function is functools.reduce) and arguments:
            applied = self._applied(arguments[0], site)
            if applied is not arguments[0] or runs_program_code(applied):
                arguments = (applied, *(self._opened(argument, site) for argument in arguments[1:]))
        elif len(arguments) == 1 and (function is max or function is min):
            self.say(deep(arguments[0])[1:], site)
            arguments = (self.steps(iter(self.open(arguments[0], site)), site),)
        return self.args(function, site, *arguments)

    def _opened(self, iterable: Any, site: int) -> Any:
        """What `map` and the like walk over: they call `iter` at once."""
        opened = self.open(iterable, site)
        return opened if _walks_natively(opened) else self.steps(iter(opened), site)

    def _applied(self, function: Any, site: int) -> Any:
        """What is applied to one element after the other. To the world outside each goes for itself."""
        found = effect_of(function)
        apart = found is not None and (function is vars or goes_outside(found[0]))
        return self._announcing(function, found, site) if apart and found is not None else function

    def calling(self, function: Any, site: int) -> Any:
        """A function about to be called with arguments not known yet."""
        kind = type(function)
        if kind is types.FunctionType and "_lab_get" in function.__builtins__:
            return function
        found = effect_of(function)
        return function if found is None else self._announcing(function, found, site)

    def _announcing(self, function: Any, found: Call, site: int) -> Callable[..., Any]:
        effect, receiver = found

        def announced(*arguments: Any, **named: Any) -> Any:
            if "key" in named:
                self.in_order(site, *arguments)
            self.effect(found, (*arguments, *named.values()), site)
            if effect is write_from:
                arguments = tuple(self._fed_to(receiver, argument, site) for argument in arguments)
            if effect in WALKING:
                arguments = tuple(self.once(argument, site) for argument in arguments)
            elif callable(named.get("key")) and facts_of(type(receiver)).base is list:
                named["key"] = self._sort_key(receiver, named["key"], site)
            return function(*arguments, **named)

        return announced

    def _fed_to(self, receiver: Any, argument: Any, site: int) -> Any:
        """An iterable that runs program code: the receiver changes again after each of its steps."""
        if not _runs_code(argument):
            return argument

        def announced(element: Any) -> Any:
            self.say([("write", receiver, WHOLE)], site)
            return element

        return Steps(announced, self.steps(iter(self.open(argument, site)), site))

    def _sort_key(self, receiver: Any, key: Callable[[Any], Any], site: int) -> Callable[[Any], Any]:
        """list.sort empties the list, calls the key for each element, and fills the list again."""

        def announced(element: Any) -> Any:
            result = key(element)
            self.say([("write", receiver, WHOLE)], site)
            return result

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
        if plan is QUIET:
            return obj
        if plan is write_all:
            self.access("write", owner_of(obj) if OWNERS else obj, WHOLE, site)
            return obj
        return self._meth(obj, name, site, plan, False, arguments)

    def meth_s(self, obj: Any, name: str, site: int, /, *arguments: Any) -> Any:
        return self._meth(obj, name, site, self._plan(obj, name, True), True, arguments)

    def _meth(self, obj: Any, name: str, site: int, plan: Any, strict: bool, arguments: tuple[Any, ...]) -> Any:
        if plan is QUIET:
            return obj
        if plan is _ATTRIBUTE:
            return self._attribute_call(obj, name, site, strict)
        found = self._special(obj, name, site, strict) if plan is _DYNAMIC else (plan, obj)
        if found is None:
            return obj
        walks = found[0] in WALKING and not all(map(_walks_natively, arguments))
        if walks or (found[0] is write_from and any(map(_runs_code, arguments))):
            return Receiver(self._announcing(getattr(obj, name), found, site))
        self.effect(found, arguments, site)
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

    def bound(self, obj: Any, name: str, site: int) -> Any:
        plan = self._plan(obj, name, False)
        if plan in (QUIET, _ATTRIBUTE, _DYNAMIC):
            return obj
        method = getattr(obj, name)
        return Receiver(BoundMethod(method, self._announcing(method, (plan, obj), site)))

    def _special(self, obj: Any, name: str, site: int, strict: bool) -> Call | None:
        """Functions of modules, methods taken from classes, and `super()`."""
        sort = facts_of(type(obj)).sort
        if sort == "super":
            return super_call(obj, name)
        self.say(load_touches(obj, name, strict), site)
        if sort == "class":
            return class_call(obj, name)
        return effect_of(module_namespace(obj).get(name, _no_function))

    def _attribute_call(self, obj: Any, name: str, site: int, strict: bool) -> Any:
        """An attribute that is no method is loaded, and what it holds is called."""
        self.say(load_touches(obj, name, strict), site)
        value = peek(obj, name)
        found = effect_of(value)
        return obj if found is None else Receiver(self._announcing(value, found, site))


def _runs_code(iterable: Any) -> bool:
    """True for iterators that may run code of the program at each step. Objects of the program speak for themselves."""
    return facts_of(type(iterable)).sort in ("generator", "iterator")


def _walks_natively(iterable: Any) -> bool:
    """False for objects whose `__iter__` is the program's."""
    return facts_of(type(iterable)).is_native("__iter__")


def _no_function() -> None:
    """Stands for what a module does not have."""


def _call_plan(facts: Facts, cls: type, name: str, strict: bool) -> Any:
    """QUIET, _ATTRIBUTE (not a method), _DYNAMIC (depends on the object) or the method's effect."""
    if facts.sort in _SPECIAL:
        return _DYNAMIC
    found, _ = lookup(cls, name)
    if is_a(found, property):
        return QUIET
    if found is MISSING or is_a(found, type) or not is_code(found):
        return _ATTRIBUTE
    if is_instrumented(found):
        return _ATTRIBUTE if strict else QUIET
    effect = method_touching(cls, name, found)
    return QUIET if effect is None or effect is nothing else effect
