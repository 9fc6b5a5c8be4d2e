"""Objects that stand in for a container, a target or a function for the time of one operation.

They are used only where no hook fits between the last operand and Python's own instruction. Their
frames are in this file: a report that filters frames of harness/world/ does not show them.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any, Protocol

_get = object.__getattribute__
_set = object.__setattr__
_OPERATORS = (
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "xor",
    "or",
)


class Announcer(Protocol):
    """What the stand-ins need of the hooks."""

    def item(self, obj: Any, key: Any, site: int) -> Any: ...
    def item_w(self, obj: Any, key: Any, site: int) -> Any: ...
    def item_d(self, obj: Any, key: Any, site: int) -> Any: ...
    def slice_w(self, obj: Any, value: Any, site: int) -> Any: ...
    def get(self, obj: Any, name: str, site: int) -> Any: ...
    def set(self, obj: Any, name: str, site: int) -> Any: ...
    def aug_rhs(self, left: Any, right: Any, site: int) -> Any: ...
    def changes_in_place(self, value: Any) -> bool: ...


class Items:
    """`container[key]` where both are complex expressions."""

    __slots__ = ("_say", "_container", "_site")

    def __init__(self, say: Announcer, container: Any, site: int) -> None:
        self._say, self._container, self._site = say, container, site

    def __getitem__(self, key: Any) -> Any:
        self._say.item(self._container, key, self._site)
        return self._container[key]

    def __setitem__(self, key: Any, value: Any) -> None:
        if type(key) is slice:
            value = self._say.slice_w(self._container, value, self._site)
        else:
            self._say.item_w(self._container, key, self._site)
        self._container[key] = value

    def __delitem__(self, key: Any) -> None:
        self._say.item_d(self._container, key, self._site)
        del self._container[key]


class ItemsInPlace(Items):
    """`container[key] += value`."""

    __slots__ = ()

    def __getitem__(self, key: Any) -> Any:
        return in_place(self._say, super().__getitem__(key), self._site)


class AttributeInPlace:
    """`expression.name += value`."""

    __slots__ = ("_lab_say", "_lab_owner", "_lab_site")

    def __init__(self, say: Announcer, owner: Any, site: int) -> None:
        _set(self, "_lab_say", say)
        _set(self, "_lab_owner", owner)
        _set(self, "_lab_site", site)

    def __getattribute__(self, name: str) -> Any:
        say, owner, site = _get(self, "_lab_say"), _get(self, "_lab_owner"), _get(self, "_lab_site")
        say.get_s(owner, name, site)  # whoever assigns the name so does not only call it
        return in_place(say, getattr(owner, name), site)

    def __setattr__(self, name: str, value: Any) -> None:
        owner = _get(self, "_lab_owner")
        _get(self, "_lab_say").set(owner, name, _get(self, "_lab_site"))
        setattr(owner, name, value)


def in_place(say: Announcer, value: Any, site: int) -> Any:
    """A left operand that announces a container's change by `+=` and the like; any other value itself."""
    return InPlace(say, value, site) if say.changes_in_place(value) else value


class InPlace:
    """A container as left operand of an augmented assignment; the result is the container's own."""

    __slots__ = ("_say", "_value", "_site")

    def __init__(self, say: Announcer, value: Any, site: int) -> None:
        self._say, self._value, self._site = say, value, site


def _operation(name: str) -> Callable[[InPlace, Any], Any]:
    operate = getattr(operator, name)

    def method(self: InPlace, other: Any) -> Any:
        return operate(self._value, self._say.aug_rhs(self._value, other, self._site))

    return method


for _name in [
    "add",
    "sub",
    "mul",
    "matmul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "lshift",
    "rshift",
    "and",
    "xor",
    "or",
]:
    setattr(InPlace, f"__i{_name}__", _operation(f"__i{_name}__"))


class Once:
    """An object of the program's that C code is about to walk through: what its `__iter__` gives is announced then."""

    __slots__ = ("_iterable", "_walking")

    def __init__(self, iterable: Any, walking: Callable[[Any], None]) -> None:
        self._iterable, self._walking = iterable, walking

    def __iter__(self) -> Any:
        iterator = iter(self._iterable)
        self._walking(iterator)
        return iterator

    def __length_hint__(self) -> int:
        return operator.length_hint(self._iterable)


class Receiver:
    """An object whose attribute is called right away: hands out `function` under any name."""

    __slots__ = ("_lab_function",)

    def __init__(self, function: Callable[..., Any]) -> None:
        _set(self, "_lab_function", function)

    def __getattribute__(self, name: str) -> Any:
        return _get(self, "_lab_function")


class BoundMethod:
    # A container's own method, loaded to be called later: the same in all but that it announces itself then.

    __slots__ = ("_method", "_announcing")

    def __init__(self, method: Any, announcing: Callable[..., Any]) -> None:
        self._method, self._announcing = method, announcing

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._announcing(*arguments, **named)

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        return type(self._method)

    @property
    def __doc__(self) -> Any:  # type: ignore[override]
        return self._method.__doc__

    def __getattr__(self, name: str) -> Any:
        return getattr(self._method, name)

    def __eq__(self, other: object) -> bool:
        return bool(self._method == (_method_of(other) if type(other) is BoundMethod else other))

    def __hash__(self) -> int:
        return hash(self._method)

    def __repr__(self) -> str:
        return repr(self._method)

    def __reduce__(self) -> Any:
        return self._method.__reduce__()


_method_of = BoundMethod.__dict__["_method"].__get__
