"""Modules of the host that a program gets its own copy of, so that an execution can be repeated.

`random` is seeded and so is every `Random()`; `id` gives numbers of its own; `datetime` reads the virtual
clock; `os` tells one number of processors, and what `os.urandom` and `uuid.uuid4` give is the same each
time; the collector runs only when it is called; `importlib.import_module` looks where an `import` statement
looks. What has no copy here and is not the same each time (the host's clock, `uuid1`) is found by the
determinism check.
"""

from __future__ import annotations

import atexit as host_atexit
import datetime as host_datetime
import functools as host_functools
import gc as host_gc
import importlib as host_importlib
import os as host_os
import random as host_random
import sys
import uuid as host_uuid
import weakref
from collections.abc import Callable, Hashable
from importlib.util import resolve_name
from types import FunctionType, ModuleType
from typing import Any

from harness.scheduler import Scheduler

CPUS = 4
"""Processors that a program sees."""


class StandIns:
    """The copies of one world, `names` by name. `import_module` imports an absolute name as a program does."""

    def __init__(
        self,
        scheduler: Scheduler,
        wall: Callable[[], float],
        rlock: Any,
        import_module: Callable[[str], Any],
        access: Callable[[str, Any, Hashable, int], None],
        not_seen: Callable[[str, int, bool], None],
    ) -> None:
        urandom = _urandom(scheduler)
        self._random, self._instance = _random(scheduler, access, urandom)
        made = [
            self._random,
            _datetime(wall),
            _gc(access),
            _functools(scheduler, rlock, access, not_seen),
            copied(system(), urandom=urandom, getrandom=lambda size, flags=0: urandom(size)),
            _uuid(urandom),
            _importlib(import_module),
            _atexit(),
        ]
        self._made = {module.__name__: (module, dict(module.__dict__)) for module in made}
        self.names = frozenset(self._made)

    def load(self, name: str) -> ModuleType:
        """The module as it is after a fresh import."""
        module, names = self._made[name]
        if len(module.__dict__) != len(names):
            module.__dict__.clear()
        module.__dict__.update(names)
        if name == "random":
            self._instance.seed(0)
            self._instance.own = False
        elif name == "gc":
            vars(module)["enable"]()
        return module


def copied(module: ModuleType, **names: Any) -> ModuleType:
    """A module of the same name and content."""
    copy = ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update(module.__dict__, **names)
    return copy


def system() -> ModuleType:
    """`os` with one number of processors: pools are of one size on every machine."""
    names: dict[str, Any] = {"cpu_count": lambda: CPUS, "process_cpu_count": lambda: CPUS}
    names["sched_getaffinity"] = lambda pid: set(range(CPUS))
    return copied(host_os, **{name: value for name, value in names.items() if hasattr(host_os, name)})


def _functools(
    scheduler: Scheduler,
    rlock: Any,
    access: Callable[[str, Any, Hashable, int], None],
    not_seen: Callable[[str, int, bool], None],
) -> ModuleType:
    """`functools` whose caches say when they are read and, after the program's function has run, when they change.

    A full cache forgets what was used longest ago; that what is used before it is full has an order, too, is only told.
    Until 3.11 `cached_property` has a lock while that function runs, which is the lab's here.
    """

    class cached_property(host_functools.cached_property):  # type: ignore[type-arg]
        __doc__ = host_functools.cached_property.__doc__

        def __init__(self, func: Any) -> None:
            def storing(instance: Any) -> Any:
                value = func(instance)
                access("write", instance, self.attrname, 0)
                return value

            super().__init__(storing)
            self.__doc__ = func.__doc__
            if sys.version_info < (3, 12):
                self.lock = rlock()

    def lru_cache(maxsize: Any = 128, typed: bool = False) -> Any:
        if callable(maxsize):
            return cached(maxsize, 128, False)
        return lambda function: cached(function, maxsize, typed)

    def cached(function: Any, maxsize: Any, typed: bool) -> Any:
        users: set[Any] = set()

        def storing(*args: Any, **kwargs: Any) -> Any:
            value = function(*args, **kwargs)
            access("write", function, "cache", 0)
            if len(users) > 1 and kept.cache_info().currsize == maxsize > 1:
                not_seen("which value a full cache forgets is not searched", 0, True)
            return value

        kept = host_functools.lru_cache(maxsize, typed)(storing)

        @host_functools.wraps(function)
        def calling(*args: Any, **kwargs: Any) -> Any:
            full = kept.cache_info().currsize == maxsize  # then an order of use decides what is forgotten
            access("write" if full else "read", function, "cache", 0)
            if not full and maxsize is not None:
                users.add(scheduler.current)
            return kept(*args, **kwargs)

        def telling(told: Any) -> Any:
            def tell() -> Any:
                access("write", function, "cache", 0)  # each call is counted
                return told()

            return tell

        calling.cache_info, calling.cache_clear = telling(kept.cache_info), telling(kept.cache_clear)  # type: ignore[attr-defined]
        calling.cache_parameters = kept.cache_parameters  # type: ignore[attr-defined]
        return calling

    lru_cache.__module__, lru_cache.__qualname__ = "functools", "lru_cache"
    lru_cache.__doc__ = host_functools.lru_cache.__doc__
    cached_property.__module__, cached_property.__qualname__ = "functools", "cached_property"
    forever = lambda function, /: cached(function, None, False)  # noqa: E731
    return copied(host_functools, cached_property=cached_property, lru_cache=lru_cache, cache=forever)


def _atexit() -> ModuleType:
    """`atexit` that runs nothing: the process outlives the program, and what is registered must not."""
    return copied(host_atexit, register=lambda function, *args, **kwargs: function, unregister=lambda function: None)


def _importlib(import_module: Callable[[str], Any]) -> ModuleType:
    def importing(name: str, package: str | None = None) -> Any:
        if name.startswith(".") and not package:
            raise TypeError(f"the 'package' argument is required to perform a relative import for {name!r}")
        return import_module(resolve_name(name, package))

    return copied(host_importlib, import_module=importing)


def _urandom(scheduler: Scheduler) -> Callable[[int], bytes]:
    """`os.urandom` that gives each thread bytes of its own, the same in every execution."""

    def urandom(size: int, /) -> bytes:
        host_os.urandom(0)  # who looks whether a loop may end by itself is to see that it asks for chance
        scheduler.unseeded = True
        return host_random.Random(scheduler.new_token()).randbytes(size)

    return urandom


def _uuid(urandom: Callable[[int], bytes]) -> ModuleType:
    return copied(host_uuid, uuid4=lambda: host_uuid.UUID(bytes=urandom(16), version=4))


def _random(
    scheduler: Scheduler, access: Callable[[str, Any, Hashable, int], None], urandom: Callable[[int], bytes]
) -> tuple[ModuleType, Any]:
    """`random` where no seed means a seed of the thread's own: its n-th, whatever the schedule.

    `scheduler.unseeded` is set where a program draws what it has not seeded: what is then found holds
    for one sequence of random numbers only.
    """

    class Random(host_random.Random):
        __doc__ = host_random.Random.__doc__

        def __init__(self, x: Any = None) -> None:
            super().__init__(scheduler.new_token() if x is None else x)

        def seed(self, a: Any = None, version: int = 2) -> None:
            scheduler.unseeded = scheduler.unseeded or a is None
            super().seed(scheduler.new_token() if a is None else a, version)

        def __reduce__(self) -> Any:
            return Random, (), self.getstate()

    Random.__module__, Random.__qualname__ = "random", "Random"

    class Shared(Random):
        """The generator behind the module's functions, which nobody need have seeded."""

        own = False

        def seed(self, a: Any = None, version: int = 2) -> None:
            super().seed(a, version)
            self.own = a is not None

        def random(self) -> float:
            self._draw()
            return super().random()

        def getrandbits(self, k: int, /) -> int:
            self._draw()
            return super().getrandbits(k)

        def _draw(self) -> None:
            """Each number depends on how many were drawn before, by whomever."""
            scheduler.unseeded = scheduler.unseeded or not self.own
            access("write", self, "numbers", 0)

    class SystemRandom(host_random.SystemRandom):
        __doc__ = host_random.SystemRandom.__doc__

    of_system = {**vars(host_random), "_urandom": urandom}
    for name in ("random", "getrandbits", "randbytes"):  # the library's own code, which asks the stand-in
        setattr(SystemRandom, name, FunctionType(vars(host_random.SystemRandom)[name].__code__, of_system, name))
    SystemRandom.__module__, SystemRandom.__qualname__ = "random", "SystemRandom"

    instance = Shared(0)
    hidden = host_random._inst
    bound = [name for name, value in vars(host_random).items() if getattr(value, "__self__", None) is hidden]
    names = {name: getattr(instance, name) for name in bound}
    module = copied(host_random, Random=Random, SystemRandom=SystemRandom, _urandom=urandom, _inst=instance, **names)
    return module, instance


def _gc(access: Callable[[str, Any, Hashable, int], None]) -> ModuleType:
    """`gc` whose collector runs only when it is called."""
    running = [True]

    def enabled(value: bool) -> None:
        access("write", running, 0, 0)
        running[0] = value

    def isenabled() -> bool:
        access("read", running, 0, 0)
        return running[0]

    return copied(
        host_gc,
        enable=lambda: enabled(True),
        disable=lambda: enabled(False),
        isenabled=isenabled,
        set_threshold=lambda *threshold: None,
        freeze=lambda: None,
        unfreeze=lambda: None,
    )


class Identities:
    """`id` whose numbers are given in the order in which they are asked for, so that they are the same every time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._numbers: dict[int, tuple[int, Any]] = {}

    def begin(self) -> None:
        """A new execution: no object has been asked for yet."""
        self._numbers.clear()

    def id(self, obj: Any, /) -> int:
        """A number that no other object has or will have."""
        numbers, address = self._numbers, id(obj)
        if address not in numbers:
            numbers[address] = (self._scheduler.new_token(), self._held(obj, address))
        return numbers[address][0]

    def _held(self, obj: Any, address: int) -> Any:
        """What keeps the address from being taken over: a weak reference where there can be one."""
        try:
            return weakref.ref(obj, lambda _: self._numbers.pop(address, None))
        except TypeError:
            return obj


class _Facade(type):
    """The class of a class that stands before another one and makes instances of that."""

    def __instancecheck__(cls, instance: Any) -> bool:
        return type.__instancecheck__(cls.__mro__[1] if "_facade" in cls.__dict__ else cls, instance)

    def __subclasscheck__(cls, other: type) -> bool:
        return type.__subclasscheck__(cls.__mro__[1] if "_facade" in cls.__dict__ else cls, other)


def _datetime(wall: Callable[[], float]) -> ModuleType:
    """`datetime` on the virtual clock."""

    class date(host_datetime.date, metaclass=_Facade):
        _facade = True

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return host_datetime.date.__new__(host_datetime.date if cls is date else cls, *args, **kwargs)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(wall())

    class datetime(host_datetime.datetime, metaclass=_Facade):
        _facade = True

        def __new__(cls, *args: Any, **kwargs: Any) -> Any:
            return host_datetime.datetime.__new__(host_datetime.datetime if cls is datetime else cls, *args, **kwargs)

        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return cls.fromtimestamp(wall(), tz)

        @classmethod
        def today(cls) -> Any:
            return cls.fromtimestamp(wall())

        @classmethod
        def utcnow(cls) -> Any:
            return cls.fromtimestamp(wall(), host_datetime.UTC).replace(tzinfo=None)

    for cls in (date, datetime):
        cls.__module__, cls.__qualname__ = "datetime", cls.__name__
        cls.__doc__ = cls.__mro__[1].__doc__
    return copied(host_datetime, date=date, datetime=datetime)
