"""The hooks for containers: items, whole values, iteration."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from functools import partial
from typing import Any

from harness.trace import WHOLE
from harness.world.access_announce import Variables
from harness.world.access_attributes import OWNERS, owner_of
from harness.world.access_effects import write_from
from harness.world.access_library import METHODS
from harness.world.access_reach import (
    INERT,
    PLAIN_KEYS,
    REPLACED,
    changing,
    contents,
    deep,
    is_plain_key,
    place,
    readable,
    stepping,
)
from harness.world.access_standins import AttributeInPlace, Items, ItemsInPlace, Once
from harness.world.access_types import (
    FRESH_ITERATORS,
    MISSING,
    Steps,
    derives,
    facts_of,
    is_a,
    is_code,
    lookup,
    runs_program_code,
)

_CONTAINERS = frozenset(("container", "view", "foreign"))


class Containers(Variables):
    """Hooks for operations on containers that are no calls."""

    def _item(self, obj: Any, key: Any, site: int, kind: str) -> None:
        """A load or a store of one item."""
        cls = type(obj)
        if (cls is dict and type(key) in PLAIN_KEYS) or (cls is list and type(key) is int and key >= 0):
            if kind == "write" and cls is dict and (OWNERS or "__builtins__" in obj):
                self._stored(obj, key, site)
            self.access(kind, owner_of(obj) if OWNERS else obj, key, site)
            return
        facts = facts_of(cls)
        method = "__getitem__" if kind == "read" else "__setitem__"
        if facts.base is not None:
            if facts.is_native(method):
                self.effect((METHODS[facts.base][method], obj), (key,), site)
                if kind == "read" and facts.base is dict and derives(cls, (defaultdict,)):
                    self._fill(obj, key, site)
        elif facts.sort == "view":
            whole = contents(obj)
            self.say([(kind, whole, place(whole, key) if _shows_all(obj, whole) else WHOLE)], site)
        elif facts.sort == "foreign" and facts.is_native(method):
            self.say(deep(obj) if kind == "read" else changing(deep(obj)), site)

    def _stored(self, namespace: dict[Any, Any], key: Any, site: int) -> None:
        """An item of a module's or an object's `__dict__` may take the place of a function or a method."""
        owner = owner_of(namespace)
        before = namespace.get(key, MISSING) if owner is namespace else lookup(type(owner), key)[0]
        if is_code(before) and (owner is not namespace or "__builtins__" in namespace):
            self.say([REPLACED], site)

    def _fill(self, table: defaultdict[Any, Any], key: Any, site: int) -> None:
        """A missing key whose value code of the program makes: the table changes once it is there, not before."""
        factory = table.default_factory
        if factory is None or not runs_program_code(factory) or not is_plain_key(key) or dict.__contains__(table, key):
            return
        value = factory()
        self.say([("write", table, place(table, key))], site)
        dict.__setitem__(table, key, value)

    def item(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "read")
        return obj

    def item_w(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "write")
        return obj

    def slice_w(self, obj: Any, value: Any, site: int) -> Any:
        """All of `value` is about to be stored. What runs code of the program is taken apart before, as by C."""
        facts, given = facts_of(type(obj)), facts_of(type(value))
        if facts.base is list and (given.sort in ("generator", "iterator") or not given.is_native("__iter__")):
            value = list(self.steps(iter(self.open(value, site)), site))
        if facts.base is not None and facts.is_native("__setitem__"):
            self.say(write_from(obj, (value,)), site)
        else:
            self._item(obj, WHOLE, site, "write")
        return value

    def item_d(self, obj: Any, key: Any, site: int) -> Any:
        facts = facts_of(type(obj))
        if facts.base is not None and facts.is_native("__delitem__"):
            self.effect((METHODS[facts.base]["__delitem__"], obj), (key,), site)
        elif facts.sort == "foreign" and facts.is_native("__delitem__"):
            self.say(changing(deep(obj)), site)
        return obj

    def key(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "read")
        return key

    def key_w(self, obj: Any, key: Any, site: int) -> Any:
        self._item(obj, key, site, "write")
        return key

    def key_d(self, obj: Any, key: Any, site: int) -> Any:
        self.item_d(obj, key, site)
        return key

    def whole(self, obj: Any, site: int) -> Any:
        self._item(obj, WHOLE, site, "read")
        return obj

    def whole_w(self, obj: Any, site: int) -> Any:
        self._item(obj, WHOLE, site, "write")
        return obj

    def whole_d(self, obj: Any, site: int) -> Any:
        return self.item_d(obj, WHOLE, site)

    def sub(self, obj: Any, site: int) -> Any:
        return Items(self, obj, site) if facts_of(type(obj)).sort in _CONTAINERS else obj

    def aug_attribute(self, obj: Any, name: str, site: int) -> Any:
        return AttributeInPlace(self, obj, site)

    def aug_item(self, obj: Any, site: int) -> Any:
        return ItemsInPlace(self, obj, site)

    def _reads(self, value: Any, special: str, site: int) -> Any:
        facts = facts_of(type(value))
        if facts.base is not None:
            if facts.is_native(special):
                if special != "__len__":
                    self.in_order(site, value)
                self.access("read", owner_of(value) if OWNERS else value, WHOLE, site)
        elif facts.sort == "view" or facts.sort == "foreign" and facts.is_native(special):
            self.say(readable((value,)), site, special == "__len__")
        return value

    def read(self, value: Any, site: int) -> Any:
        return self._reads(value, "__len__", site)

    truth = read

    def read_again(self, value: Any, site: int) -> Any:
        """What is read at once, and once more, or only then, when what comes after it has been evaluated."""
        if _has_contents(value):
            self.not_seen("what is read twice by one expression is one step", site, None)
        return self.read(value, site)

    def spread(self, value: Any, site: int) -> Any:
        return self._reads(value, "keys", site)

    def text(self, value: Any, site: int) -> Any:
        sort = facts_of(type(value)).sort
        if type(value) not in INERT and sort != "module":
            self.say(deep(value), site)
        return value

    read_deep = text

    def match(self, value: Any, site: int) -> Any:
        """Patterns may read any attribute of the subject and of what is in it; between these reads is no point."""
        touches = deep(value, True)
        if touches:
            self.not_seen("`match` on shared data is one step here", site, None)
            self.say(touches, site)
        return value

    def base(self, cls: Any, site: int) -> Any:
        """A class of which another one is about to be derived."""
        if facts_of(type(cls)).sort == "class":
            self.access("write", cls, "__subclasses__", site)
        return cls

    def finalizing(self, site: int) -> None:
        """A `__del__` begins: which thread runs it is decided where the last reference goes, which nobody sees."""
        self.not_seen("who lets go of an object last, and so runs its __del__, is not searched", site)

    def rhs(self, left: Any, right: Any, site: int) -> Any:
        """The right operand of an operator whose left one is known."""
        if type(left) in INERT and type(right) in INERT:
            return right
        if type(left) is str or type(left) is bytes:  # `%`
            self.say(deep(right), site)
        elif _has_contents(left) or _has_contents(right):
            self.say(readable((left,) if left is right else (left, right)), site)
        return right

    def pair(self, left: Any, right: Any, site: int) -> tuple[Any, Any]:
        self.rhs(left, right, site)
        return left, right

    def compared(self, left: Any, right: Any, site: int) -> Any:
        """The same for comparisons, which look into containers within containers.

        The left operand is named last, since that step carries it all out: the right one is often a literal.
        """
        if type(left) in INERT and type(right) in INERT:
            return right
        self.say(deep((right, left)), site, not (is_a(left, OrderedDict) and is_a(right, OrderedDict)))
        return right

    def compared_pair(self, left: Any, right: Any, site: int) -> tuple[Any, Any]:
        self.compared(left, right, site)
        return left, right

    def aug_pair(self, left: Any, right: Any, site: int) -> tuple[Any, Any]:
        return left, self.aug_rhs(left, right, site)

    def aug_rhs(self, left: Any, right: Any, site: int) -> Any:
        if self.changes_in_place(left):
            self.say([("write", left, WHOLE), *readable((right,))], site)
            return self.once(right, site, left) if facts_of(type(left)).base is not dict else right
        elif _has_contents(left) or _has_contents(right):
            self.say(readable((left, right)), site)
        return right

    def changes_in_place(self, value: Any) -> bool:
        facts = facts_of(type(value))
        return facts.base is not None and facts.is_native("__iadd__" if facts.base not in (dict, set) else "__ior__")

    def in_(self, element: Any, container: Any, site: int) -> Any:
        facts = facts_of(type(container))
        if facts.base is not None:
            if facts.is_native("__contains__"):
                self.effect((METHODS[facts.base]["__contains__"], container), (element,), site)
        elif facts.sort in ("view", "iterator", "generator", "foreign"):
            steps = facts.sort == "generator"
            self.say(stepping(container) if steps else [*deep(contents(container)), *deep(element)], site, True)
        elif type(container) in (tuple, frozenset):
            self.say(deep((container, element)), site, True)
        elif facts.sort in ("object", "record", "class") and lookup(type(container), "__contains__")[0] is MISSING:
            return self.once(container, site)
        return container

    def in_pair(self, element: Any, container: Any, site: int) -> tuple[Any, Any]:
        return self.in_(element, container, site), element

    def open(self, iterable: Any, site: int) -> Any:
        """What a loop walks over, before `iter` is called: built-in containers and iterators announce each step."""
        facts = facts_of(type(iterable))
        if facts.sort in ("iterator", "generator"):
            return self._walk(iterable, iterable, site)
        if facts.sort not in _CONTAINERS or not facts.is_native("__iter__"):
            return iterable
        container = contents(iterable)
        if facts.sort == "foreign":
            announce = partial(self.say, deep(container), site)
            announce()
            return Steps.over(iter(iterable), announce)
        self.in_order(site, iterable)
        if facts.base is not list:
            self.access("read", owner_of(container), WHOLE, site)
        return Steps.over(iter(iterable), partial(self.access, "read", owner_of(container), WHOLE, site))

    def once(self, iterable: Any, site: int, *filled: Any) -> Any:
        """What C code is about to walk through at one go, to fill a container with it."""
        if facts_of(type(iterable)).is_native("__iter__"):
            return iterable
        return Once(iterable, partial(self._walking, site, filled))

    def _walking(self, site: int, filled: tuple[Any, ...], iterator: Any) -> None:
        if facts_of(type(iterator)).sort in ("iterator", "generator"):
            self.in_order(site, *(touch[1] for touch in stepping(iterator)))
            self.say([*stepping(iterator), *(("write", one, WHOLE) for one in filled)], site)

    def _walk(self, iterable: Any, iterator: Any, site: int) -> Any:
        if facts_of(type(iterator)).sort not in ("iterator", "generator"):
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
        if facts_of(type(element)).sort in ("iterator", "generator"):
            return self.unpack(element, site)
        self.say(deep(element), site)
        return element

    def star(self, iterable: Any, site: int) -> Any:
        """An iterable that is walked through at once."""
        sort = facts_of(type(iterable)).sort
        if sort in ("iterator", "generator"):
            return self._walk(iterable, iterable, site)
        return self.once(self._reads(iterable, "__iter__", site), site)

    def unpack(self, value: Any, site: int) -> Any:
        return self.star(value, site)

    def unpack_deep(self, value: Any, site: int) -> Any:
        """Where elements are taken apart, too."""
        value = self.star(value, site)
        self.say(deep(value), site)
        return value

    def from_(self, iterable: Any, site: int) -> Any:
        """`yield from`: what is sent must reach a generator, so it is announced once."""
        sort = facts_of(type(iterable)).sort
        if sort in ("iterator", "generator"):
            self.say(stepping(iterable), site)
            return iterable
        if not facts_of(type(iterable)).is_native("__iter__"):
            iterator = iter(iterable)
            return self._walk(iterator, iterator, site) if facts_of(type(iterator)).sort == "iterator" else iterator
        return self.open(iterable, site)


def _shows_all(view: Any, container: Any) -> bool:
    """False for a part of a buffer, or one whose items are of another size."""
    try:
        return type(view) is not memoryview or (view.contiguous and view.shape == (len(container),))
    except (TypeError, ValueError):  # a BytesIO's; released
        return False


def _has_contents(value: Any) -> bool:
    sort = facts_of(type(value)).sort
    return sort in _CONTAINERS or sort == "record" or sort == "other"
