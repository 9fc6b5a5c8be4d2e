"""Announcing what is about to be touched, and the hooks for attributes, globals and closure variables."""

from __future__ import annotations

import struct
import sys
import types
from collections.abc import Callable
from typing import Any, Protocol

from harness.trace import WHOLE
from harness.world.access_attributes import MEANINGS, OWNERS, load_touches, owner_of, store_touches
from harness.world.access_effects import BLIND, LASTING, SHOWING, UNSEEN, UNSTEADY
from harness.world.access_reach import CALLS, LOOKING, REPLACED, Effect, Touch, alike, contents, reachable
from harness.world.access_types import FACTS, PLAIN, QUIET, facts_of, is_code, lookup, module_of

Access = Callable[[str, Any, Any, int], None]
Together = Callable[[list[Touch], int], None]


class Unseen(Protocol):
    """Told of what no search sees through. `later`: even before the second thread; None: if `site` is in conflict."""

    def __call__(self, what: str, site: int, later: bool | None = False) -> None: ...


class Announcer:
    """Says through `access` what an operation will touch."""

    def __init__(
        self,
        access: Access,
        together: Together | None,
        instead: Access | None = None,
        unseen: Unseen | None = None,
        in_order: Callable[[Any, int], None] | None = None,
    ) -> None:
        self.access = access
        self.instead = instead
        self.together = together or self._one_by_one
        self.not_seen = unseen or _ignored
        self._in_order = in_order

    def in_order(self, site: int, *values: Any) -> None:
        """The program is about to see which keys came first in the dicts among these, or that these show."""
        for value in values:
            facts = facts_of(type(value))
            if self._in_order is not None and (facts.base in _ORDERED or facts.sort == "view"):
                container = contents(value)
                if isinstance(container, dict) or (isinstance(container, set) and _crowded(container)):
                    self._in_order(owner_of(container), site)

    def _one_by_one(self, touches: list[Touch], site: int) -> None:
        for kind, obj, key in touches:
            self.access(kind, obj, key, site)

    def say(self, touches: list[Touch], site: int, blind: bool = False) -> None:
        """Announce one operation. `blind`: it reads containers, but cannot show which of their keys came first."""
        marks = None
        for touch in touches:
            if touch[1] is None:
                marks = touches
            elif touch[2] is WHOLE and touch[0] == "read" and not blind:
                self.in_order(site, touch[1])
        if marks is not None:
            touches = self._marked(marks, site)
        if len(touches) == 1:
            kind, obj, key = touches[0]
            self.access(kind, owner_of(obj) if OWNERS else obj, key, site)
        elif touches:
            self.together([(kind, owner_of(obj), key) for kind, obj, key in touches], site)

    def _marked(self, touches: list[Touch], site: int) -> list[Touch]:
        """Tell what cannot be seen; the touches that can."""
        if CALLS in touches:
            self.not_seen("what C code does between calls of the program's methods is one step", site, None)
        if REPLACED in touches:
            self.not_seen("who calls or asks meanwhile does not see what is replaced", site)
        return [touch for touch in touches if touch[1] is not None]

    def effect(self, call: tuple[Effect, Any], arguments: tuple[Any, ...], site: int) -> None:
        """Announce a call; again where other threads have changed meanwhile what it will touch."""
        effect, receiver = call
        if effect in UNSEEN:
            self.not_seen(UNSEEN[effect], site, effect in LASTING)
        looking = any(type(argument) in LOOKING for argument in arguments)
        touches = [*effect(receiver, arguments), *(reachable(arguments) if looking else ())]
        if effect in SHOWING:
            self.in_order(site, *(touch[1] for touch in touches))
        blind = effect in BLIND and not looking and (BLIND[effect] or alike(arguments))
        self.say(touches, site, blind)
        if effect not in UNSTEADY or looking:
            return
        while touches:
            before, touches = touches, effect(receiver, arguments)
            if _same(before, touches):
                return
            if self.instead is not None and len(before) == len(touches) == 1:
                kind, obj, key = touches[0]
                self.instead(kind, owner_of(obj), key, site)
                return
            self.say(touches, site, blind)


class Variables(Announcer):
    """Hooks for attributes, globals and closure variables."""

    def get(self, obj: Any, name: str, site: int) -> Any:
        try:
            plan = FACTS[id(type(obj))].loads[name]
        except KeyError:
            plan = None
        if plan is PLAIN:
            self.access("read", obj, name, site)
            return obj
        if plan is not QUIET:
            self.say(load_touches(obj, name, False), site)
        return obj if facts_of(type(obj)).base is None else self.bound(obj, name, site)

    def bound(self, obj: Any, name: str, site: int) -> Any:
        """A container whose method is loaded without being called; who calls it later is to announce it."""
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
        try:
            plan = FACTS[id(type(obj))].stores[name]
        except KeyError:
            plan = None
        if plan is PLAIN and name not in MEANINGS and name != "__dict__":
            self.access("write", obj, name, site)
        else:
            self._redefined(obj, name, site)
            self.say(store_touches(obj, name), site)
        return obj

    def _redefined(self, obj: Any, name: str, site: int) -> None:
        """Loads of methods and what is behind calls are no accesses, unless their own module assigns such a name."""
        cls = obj if facts_of(type(obj)).sort == "class" else type(obj)
        here = sys._getframe(2).f_globals.get("__name__") == module_of(cls)
        if name in MEANINGS or (not here and is_code(lookup(cls, name)[0])):
            self.not_seen(f"who calls or asks meanwhile does not see that {name} is replaced", site)

    set = set_d = set_w

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


_ORDERED = (dict, set)


def _crowded(elements: set[Any]) -> bool:
    """True if an element is not where its hash alone would put it, so that the order shows which came first.

    CPython's sets (Objects/setobject.c) have a table of a power of two, of at least eight places.
    """
    places = max(8, (set.__sizeof__(elements) - _EMPTY) // _ENTRY)
    return len({hash(element) % places for element in set.__iter__(elements)}) < len(elements)


_ENTRY = 2 * struct.calcsize("P")
_EMPTY = set.__sizeof__(set())


def _ignored(what: str, site: int, later: bool | None = False) -> None:
    """Where nobody makes claims."""


def _same(before: list[Touch], after: list[Touch]) -> bool:
    if len(before) != len(after):
        return False
    pairs = zip(before, after, strict=True)
    return all(a[0] == b[0] and a[1] is b[1] and a[2] == b[2] for a, b in pairs)
