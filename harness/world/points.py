"""Where an access to data becomes a scheduling point, and where it need not.

Every access of instrumented code comes through `Points.access`. A scheduling point at each would be
right and slow: most of what a program touches, no second thread ever changes. So a *site* (a place
in the source) is a point only once a location it touched was seen in conflict: touched by two
threads, at least one of them writing, while more than one thread was live. Such sites are `hot`.

Why nothing is lost: accesses at sites that are not hot commute with everything other threads do in
the executions seen, so moving them next to the point before changes nothing. If some interleaving
existed in which such a site does conflict, take its first conflict: all before it is equivalent to
an execution at today's granularity, so the search meets that conflict, the site becomes hot, and an
exhaustive search starts again with the finer granularity. It ends when a whole pass learns nothing.
What an execution teaches is in force from the next one on, so that a schedule has one granularity.

`full` makes every access a point: replays use it, because a witness names operations, not counts.

The standard library's code is not rewritten, so its own accesses are not seen. What it stores in its
objects (`q.queue`, `sem._value`) is always in conflict, with all that the object's operations do.
"""

from __future__ import annotations

import dis
import weakref
from collections import deque
from collections.abc import Callable, Hashable
from functools import lru_cache
from types import CellType, CodeType, GeneratorType, ModuleType
from typing import Any

from harness.scheduler import Scheduler
from harness.trace import WHOLE, Operation
from harness.world.access_types import module_of

MANY = -1
"""Owner of a location that several threads have read."""

QUIET = 10_000
"""Accesses in one step after which the next one is a point of its own: loops that wait must not go on for ever."""

ALONE = 50_000
"""Accesses of a thread whose companions have all ended, which are no points, until they are judged all the same."""

SAMPLE = 500
"""How many of its accesses are steps then; if they tell nothing, it goes on alone for twice as long."""

_PLAIN = frozenset((str, int, bytes, bool, type(None)))

BETWEEN = "what is inside is used without its lock: between its own steps (--open-stdlib) that is not searched"

_GUARDS = ("mutex", "_cond", "_condition", "_lock", "_shutdown_lock")
"""Where the library's objects have the lock under which their operations work."""

_RUNNING = "that a generator is asked for more while it runs, an error, is no order of steps"

SILENT = frozenset(("",))
"""The fields of what carries its points itself (locks) or is shared by nobody (`threading.local`)."""

_BUILT_IN: dict[type, frozenset[str]] = dict.fromkeys((dict, list, set, deque, CellType, ModuleType), frozenset())
"""Types that last longer than an execution, and of which the library stores nothing in instances."""

_new = tuple.__new__
"""What the constructor of a NamedTuple calls, without the call of a function before it."""

_KEYED = (dict, set)

_ORDER = "order of keys"
"""The location that stands for which keys of a dict were stored first."""


class _Seen:
    """Who touched a location since the second thread started; `shared` once that is a conflict."""

    __slots__ = ("owner", "written", "sites", "shared")

    def __init__(self, owner: int, written: bool, site: int) -> None:
        self.owner = owner
        self.written = written
        self.sites = [site]
        self.shared = False


class Points:
    """Turns accesses into scheduling points. `hot` outlives an execution, everything else is `begin`'s."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self.hot: set[int] = set()
        self.in_force: frozenset[int] = frozenset()
        self.learned = False
        self.full = False
        self._seen: dict[int, tuple[Any, dict[Hashable, _Seen]]] = {}
        self._fields: dict[type, frozenset[str]] = {}
        self._inside: dict[int, tuple[Any, Any, Any]] = {}
        self._stored: dict[int, set[int]] = {}
        self._shown: set[int] = set()
        self._ordered: set[Hashable] = set()
        self.token: Callable[[Any], Hashable] = id
        self.instrumented: set[int] = set()
        self.coarse: dict[int, str] = {}
        self._unseen: tuple[str, int] | None = None
        self._quiet_since = self._quiet = self._alone = 0
        self._patience = ALONE

    def begin(self) -> None:
        """A new execution: nothing has been touched yet."""
        self._seen.clear()
        self._inside.clear()
        self._stored.clear()
        self._shown.clear()
        self.instrumented.clear()
        self._fields = _BUILT_IN.copy()
        if len(self.in_force) != len(self.hot):
            self.in_force = frozenset(self.hot)
        self.learned = False
        self._unseen = None
        self._quiet_since = self._quiet = self._alone = 0
        self._patience = ALONE

    @property
    def unseen(self) -> tuple[str, int] | None:
        """What this execution had that no search sees through, if anything, and the site where."""
        return self._unseen or next(((what, site) for site, what in self.coarse.items() if site in self.hot), None)

    def not_seen(self, what: str, site: int, later: bool = False) -> None:
        """The running thread does something at `site` that others may be in conflict with, and nobody could tell.

        `later`: it matters even where no second thread has started yet.
        """
        if self._unseen is None and self._scheduler.active and (later or len(self._scheduler.live) > 1):
            self._unseen = what, site

    def together(self, touches: list[tuple[str, Any, Hashable]], site: int) -> None:
        """One operation is about to touch several things.

        Threads may change places before each of them; the last step, which carries all of it out, has touched all.
        """
        for kind, obj, key in touches:
            self.access(kind, obj, key, site)
        scheduler = self._scheduler
        if scheduler.noting is not None and (self.full or site in self.in_force) and len(scheduler.tasks) > 1:
            for kind, obj, key in touches:
                if type(obj) is ModuleType:
                    obj = obj.__dict__
                if self._fields.get(type(obj)) is not SILENT:
                    scheduler.touch(self._token(obj), "r" if kind == "read" else "w", self._lasting(key))

    def access(self, kind: str, obj: Any, key: Hashable, site: int) -> None:
        """The running thread is about to read or write `key` of `obj` at `site`."""
        scheduler = self._scheduler
        alone = len(scheduler.live) == 1
        if alone:
            if len(scheduler.tasks) == 1 or not scheduler.active:
                return
            alone = self._seems_endless()
            if not alone and not scheduler.unawaited:  # another order may have some thread still at work here
                return
        cls = type(obj)
        fields = self._fields.get(cls)
        if fields is None:
            fields = self._fields[cls] = _fields_of(cls)
        if fields is SILENT:
            return
        if cls is ModuleType:
            obj = obj.__dict__
            if id(obj) not in self.instrumented:
                return
        elif (fields and key in fields) or (self._inside and id(obj) in self._inside):
            self._access_of_library(kind, obj, key, site)
            return
        me = scheduler.current
        self._touch(obj, key, me.index, kind != "read", site)
        if me.daemon and kind != "read" and site not in self.hot:  # the exit may come before it: main's result shows
            self.hot.add(site)
            self.learned = True
        changes = kind != "read"
        new_key = changes and isinstance(obj, _KEYED) and self._is_new(obj, key)
        if new_key:
            self._stored.setdefault(id(obj), set()).add(me.index)
            if id(obj) in self._shown:
                self._learn_order(obj)
            if self._ordered and self.token(obj) in self._ordered:
                self._touch(obj, _ORDER, me.index, True, site)
        if site in self.in_force or alone or self.full or self._spins(site):
            me.subject = obj
            lasting = key if type(key) in _PLAIN else self._lasting(key)
            scheduler.point(_new(Operation, (kind, self.token(obj), lasting, site)))
        if new_key:
            self._comes_last(obj, key)
        elif changes and isinstance(obj, type):
            self._found_below(obj, key, site)

    def _found_below(self, cls: type, name: Hashable, site: int) -> None:
        """Who asked an object or a class below for what was not there may find it in `cls` from now on."""
        for held, keys in list(self._seen.values()):
            asked = held() if type(held) is weakref.ref else held
            if name in keys and asked is not cls and (_below(type(asked), cls) or _below(asked, cls)):
                self._touch(asked, name, self._scheduler.current.index, True, site)
                self._scheduler.touch(self._token(asked), "w", self._lasting(name))

    def instead(self, kind: str, obj: Any, key: Hashable, site: int) -> None:
        """The access just announced, a point, touches this: others have changed meanwhile what it would do."""
        scheduler = self._scheduler
        me = scheduler.current
        if not scheduler.active:
            return
        if id(obj) not in self._inside:
            self._touch(obj, key, me.index, kind != "read", site)
        scheduler.turned_out(Operation(kind, self._token(obj), self._lasting(key), site))
        if kind != "read" and isinstance(obj, (dict, set)):
            self._comes_last(obj, key)

    def shows_order(self, mapping: Any, site: int) -> None:
        """The program looks at which keys came first: from the next execution on, new keys are in conflict.

        Without that they are locations of their own, and nobody could tell in which order they were stored.
        Of the names in a module or an object it can only be said that their order is not searched.
        """
        if not isinstance(mapping, (dict, set)) or id(mapping) in self.instrumented:
            names = self._seen.get(id(mapping), (None, {}))[1].values()
            writers = {seen.owner for seen in names if seen.written}
            if MANY in writers or len(writers) > 1:
                self.not_seen("in which order threads add names to an object is not searched", site, True)
            return
        self._shown.add(id(mapping))
        self._learn_order(mapping)

    def _learn_order(self, mapping: dict[Any, Any] | set[Any]) -> None:
        """Several threads have stored keys, and somebody looks: whoever is about to look may see others' keys, too."""
        several = self._scheduler.noting is not None and len(self._stored.get(id(mapping), ())) > 1
        if several and (token := self.token(mapping)) not in self._ordered:
            self._ordered.add(token)
            self.learned = True

    def _is_new(self, mapping: dict[Any, Any] | set[Any], key: Hashable) -> bool:
        if key is WHOLE or id(mapping) in self.instrumented:
            return False
        return not (dict if isinstance(mapping, dict) else set).__contains__(mapping, key)  # type: ignore[operator]

    def _comes_last(self, mapping: dict[Any, Any] | set[Any], key: Hashable) -> None:
        if self._ordered and self.token(mapping) in self._ordered and self._is_new(mapping, key):
            self._scheduler.touch((_ORDER, self.token(mapping)))

    def _access_of_library(self, kind: str, obj: Any, key: Hashable, site: int) -> None:
        """`obj` is one of the library's, or a container in which one keeps what it has."""
        scheduler, token = self._scheduler, self._token(obj)
        scheduler.order_shows = True
        if id(obj) in self._inside:
            guard = self._inside[id(obj)][2]
        else:
            guard = _guard(obj)
            value = obj.__dict__.get(key)
            if isinstance(value, (deque, list, dict, set)):
                self._inside[id(value)] = (value, token, guard)
        if (guard is None or guard.owner is not scheduler.current) and (kind != "read" or _changes(obj, key)):
            self.not_seen(BETWEEN, site)
        if site not in self.hot:
            self.hot.add(site)
            self.learned = True
        if self.full or site in self.in_force or self._spins(site):
            scheduler.current.subject = obj
            scheduler.point(Operation(kind, token, self._lasting(key), site))

    def _token(self, obj: Any) -> Hashable:
        """What stands for `obj`: for one of the library's objects, and for containers in it, that one's own."""
        held = self._inside.get(id(obj))
        token: Hashable = held[1] if held is not None else None
        if held is None:
            token = obj._lab_token if self._fields.get(type(obj)) else self.token(obj)
        return token

    def _lasting(self, key: Hashable) -> Hashable:
        """The key in a form that is equal in all executions: objects are not, and go by their tokens."""
        kind = type(key)
        if kind is float or kind is complex:
            return key if key == key else "nan"
        if kind in _PLAIN or key is WHOLE or self.full:
            return key
        if kind is tuple or kind is frozenset:
            return kind(self._lasting(part) for part in key)  # type: ignore[attr-defined]
        if isinstance(key, str):  # such a member of an Enum is equal to its value
            return str.__str__(key)
        if isinstance(key, int):
            return int.__int__(key)
        return "object", self.token(key)

    def _seems_endless(self) -> bool:
        """The last thread may be computing, or wait for one that has ended: after a while its steps are judged."""
        self._alone += 1
        if self._alone < self._patience:
            return False
        if self._alone >= self._patience + SAMPLE:
            self._patience = 2 * self._alone
        scheduler = self._scheduler
        scheduler.tail_from = min(scheduler.tail_from, scheduler.steps)
        return True

    def _spins(self, site: int) -> bool:
        """A thread that touches this and that without end may wait for another one: the others must have their turn."""
        if self._scheduler.steps == self._quiet_since:
            self._quiet += 1
        else:
            self._quiet_since, self._quiet = self._scheduler.steps, 1
        if self._quiet < QUIET:
            return False
        self.hot.add(site)
        self.in_force |= {site}
        self.learned = True
        return True

    def _touch(self, obj: Any, key: Hashable, task: int, writes: bool, site: int) -> None:
        held = self._seen.get(id(obj))
        if held is None:
            self._seen[id(obj)] = (self._hold(obj), {key: _Seen(task, writes, site)})
            return
        keys = held[1]
        seen = keys.get(key)
        if seen is None:
            seen = keys[key] = _Seen(task, writes, site)
        else:
            new = site not in seen.sites
            if new:
                seen.sites.append(site)
            if seen.owner != task:
                seen.owner = MANY
                if not seen.shared and (writes or seen.written):
                    seen.shared = new = True
                    if type(obj) is GeneratorType:
                        self.not_seen(_RUNNING, site)
            if writes:
                seen.written = True
            if seen.shared and new:
                self._learn(seen)
        if len(keys) > 1:
            self._overlaps(seen, key, keys, task, writes)

    def _overlaps(self, seen: _Seen, key: Hashable, keys: dict[Hashable, _Seen], task: int, writes: bool) -> None:
        """The whole of an object conflicts with each of its parts."""
        for other in keys.values() if key is WHOLE else [keys[WHOLE]] if WHOLE in keys else []:
            if other is not seen and other.owner != task and (writes or other.written):
                self._learn(seen)
                self._learn(other)

    def _learn(self, seen: _Seen) -> None:
        for site in seen.sites:
            if site not in self.hot:
                self.hot.add(site)
                self.learned = True

    def _hold(self, obj: Any) -> Any:
        """Keeps `obj`'s identity from being reused, without keeping alive what can have a finalizer."""
        if not _weak_offset(type(obj)):
            return obj
        seen, ident = self._seen, id(obj)
        return weakref.ref(obj, lambda _: seen.pop(ident, None))


_weak_offset = type.__dict__["__weakrefoffset__"].__get__
"""Where instances of a type have their weak references; 0 where they cannot have any."""


def _below(cls: Any, base: type) -> bool:
    return isinstance(cls, type) and base in (type.__dict__["__mro__"].__get__(cls) or ())


def _guard(obj: Any) -> Any:
    """The lock under which the operations of one of the library's objects work; None where there is none."""
    inside = obj.__dict__
    guard = next((inside[name] for name in _GUARDS if name in inside), None)
    return getattr(guard, "_lock", guard)


def _changes(obj: Any, key: Hashable) -> bool:
    """Whether what one reads of the library's is more than what `__init__` has put there for good."""
    return key not in _fields_of(type(obj)) or key in _fields_of(type(obj), ("__init__",))


def _fields_of(cls: type, but: tuple[str, ...] = ()) -> frozenset[str]:
    """The attributes of instances that the standard library's own methods assign, `but` for these methods."""
    fields: set[str] = set()
    for base in cls.__mro__:
        if module_of(base) in ("_thread", "_threading_local"):
            return SILENT
        if "_lab_token" in base.__dict__:
            for name, function in base.__dict__.items():
                if name not in but:
                    fields |= _assigned(function)
    return frozenset(fields - {"_lab_token"})


def _assigned(function: Any) -> frozenset[str]:
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    code = getattr(function, "__code__", None)
    return frozenset() if code is None else _stored(code)


@lru_cache(maxsize=1_000)
def _stored(code: CodeType) -> frozenset[str]:
    return frozenset(i.argval for i in dis.get_instructions(code) if i.opname == "STORE_ATTR")
