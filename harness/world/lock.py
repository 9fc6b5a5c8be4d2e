"""Lock and RLock: the lab's lowest layer, on which CPython's own Condition, Semaphore, Queue … stand.

`InnerLock` and `InnerRLock` block when they must and are never scheduling points. `Lock` and `RLock`
are what a program gets: each acquire is a scheduling point that lies before it takes effect, enabled
only while the lock is free. A release is merged into the step before it, for nobody can tell the
difference, unless somebody probes the lock (try-acquire, timed acquire, `locked`): from then on
releases are scheduling points too. Where a program declares a bound on bypasses, asking for a lock is
a step as well, and so are releases, because the verdict depends on who asked while it was held.

A lock made by the standard library's own code is `OfLibrary`: an inner one for that code, so that a
public operation stays one step, and a public one for a program that got hold of it (`q.mutex`).

Semantics and errors as `_thread.lock` (Modules/_threadmodule.c) and `threading._RLock`.
"""

from __future__ import annotations

import math
import sys
from typing import Any, ClassVar, NamedTuple

from harness.scheduler import Scheduler
from harness.task import Task
from harness.trace import Operation

TIMEOUT_MAX = 9223372036.0


def timeout_ns(seconds: float) -> int:
    """A timeout as virtual ns, rounded up to at least 1: a wait of no length would never let time pass."""
    return max(1, math.ceil(seconds * 1e9))


class InnerLock:
    """`_thread.lock` without scheduling points: blocks only when it must."""

    releaser: ClassVar[Any] = None
    __slots__ = ("held", "owner", "token", "__weakref__")
    scheduler: ClassVar[Scheduler]

    def __init__(self) -> None:
        self.held = False
        self.owner: Task | None = None
        self.token = self.scheduler.new_token()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        deadline = self._deadline(blocking, timeout)
        scheduler = self.scheduler
        if self.held:
            scheduler.touch(self.token, "r")
            if not blocking and scheduler.current.reentry is None:
                return False
            if not blocking:  # a Condition's wait with no time left
                deadline = scheduler.now
            if not scheduler.block(self, deadline):
                return False
        self._take()
        return True

    def release(self) -> None:
        if not self.held:
            raise RuntimeError("release unlocked lock")
        self.held = False
        self.owner = None
        self.scheduler.touch(self.token)

    def locked(self) -> bool:
        return self.held

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *exc: object) -> None:
        self.release()

    def _take(self) -> None:
        self.held = True
        self.owner = self.scheduler.current
        self.scheduler.touch(self.token)

    def _deadline(self, blocking: bool, timeout: float) -> int | None:
        if not blocking and timeout != -1:
            raise ValueError("can't specify a timeout for a non-blocking call")
        if timeout < 0 and timeout != -1:
            raise ValueError("timeout value must be a non-negative number")
        if timeout > TIMEOUT_MAX:
            raise OverflowError("timeout value is too large")
        return None if timeout == -1 else self.scheduler.now + (timeout_ns(timeout) if timeout else 0)

    def _at_fork_reinit(self) -> None:
        self.held = False
        self.owner = None

    def __reduce_ex__(self, protocol: Any) -> Any:
        raise TypeError(f"cannot pickle '{type(self).__module__}.{type(self).__name__}' object")

    def __repr__(self) -> str:
        return f"<{'locked' if self.held else 'unlocked'} _thread.lock object at {self.token:#x}>"


class InnerRLock(InnerLock):
    """`_thread.RLock` without scheduling points."""

    __slots__ = ("count",)

    @property
    def releaser(self) -> Task | None:
        return self.owner

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self.owner is self.scheduler.current:
            self.count += 1
            return True
        return super().acquire(blocking, timeout)

    def release(self) -> None:
        if self.owner is not self.scheduler.current:
            raise RuntimeError("cannot release un-acquired lock")
        self.count -= 1
        if not self.count:
            InnerLock.release(self)

    def _take(self) -> None:
        super()._take()
        self.count = 1

    def _is_owned(self) -> bool:
        return self.owner is self.scheduler.current

    def _recursion_count(self) -> int:
        return self.count if self._is_owned() else 0

    def _release_save(self) -> tuple[int, Any]:
        if not self.count:
            raise RuntimeError("cannot release un-acquired lock")
        state = (self.count, self.owner)
        self.count = 0
        InnerLock.release(self)
        return state

    def _acquire_restore(self, state: tuple[int, Any]) -> None:
        InnerLock.acquire(self)
        self.count = state[0]

    def _at_fork_reinit(self) -> None:
        super()._at_fork_reinit()
        self.count = 0

    def __repr__(self) -> str:
        state, owner = "locked" if self.held else "unlocked", self.owner.ident if self.owner else 0
        return f"<{state} _thread.RLock object owner={owner} count={self.count} at {self.token:#x}>"


class Lock(InnerLock):
    """`threading.Lock` for programs: a scheduling point before each acquire.

    `of_library` is the class of those that the standard library makes, which is code of the modules
    whose `__dict__`s have their ids in `library`.
    """

    __slots__ = ()
    library: ClassVar[set[int]]

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        of_library = cls.__dict__.get("of_library")
        if of_library is not None and id(sys._getframe(1).f_globals) in cls.library:
            cls = of_library
        return object.__new__(cls)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return self._acquire(blocking, timeout)

    def _acquire(self, blocking: bool, timeout: float) -> bool:
        scheduler = self.scheduler
        if blocking and timeout == -1:
            me = scheduler.current
            if scheduler.request_points:
                self._request(me)
            me.subject = self
            me.asked, me.asked_at = self.held, scheduler.steps
            scheduler.point(Operation("acquire", self.token), self)
        elif not self._try(self._deadline(blocking, timeout)):
            return False
        self._grant()
        return True

    def release(self) -> None:
        self._before_release()
        if not self.held:
            raise RuntimeError("release unlocked lock")
        self.held = False
        self.owner = None
        self.scheduler.gave_up(self.token)

    def __exit__(self, *exc: object) -> None:
        self.release()

    def locked(self) -> bool:
        self.scheduler.probed = True
        self.scheduler.current.subject = self
        self.scheduler.point(Operation("locked", self.token))
        return self.held

    def _try(self, deadline: int | None) -> bool:
        """A try-acquire or a timed one: both look at whether the lock is held."""
        scheduler = self.scheduler
        scheduler.probed = True
        me = scheduler.current
        me.subject, me.asked_at = self, scheduler.steps
        if deadline is None or deadline <= scheduler.now:
            scheduler.point(Operation("try_acquire", self.token))
            if self.held and scheduler.noting is not None:
                scheduler.noting.only_looked(Operation("locked", self.token))
            return not self.held
        if scheduler.request_points:
            self._request(me)
            me.subject = self
        me.asked, me.asked_at = self.held, scheduler.steps
        scheduler.point(Operation("acquire", self.token, "timeout"), self, deadline)
        return not me.timed_out

    def _request(self, me: Task) -> None:
        """Asking is a step of its own where bypasses are judged: who asked first depends on its order."""
        me.subject = self
        self.scheduler.point(Operation("request", self.token))

    def _grant(self) -> None:
        self.held = True
        self.owner = me = self.scheduler.current
        me.bypassed = 0
        if len(self.scheduler.live) > 2:
            self.scheduler.bypasses.granted(self, me)

    def _before_release(self) -> None:
        scheduler = self.scheduler
        if scheduler.release_points:
            scheduler.current.subject = self
            scheduler.point(Operation("release", self.token))

    # What the library's Condition does with its lock is part of the wait's own step, so nothing of it is a point.

    def _release_save(self) -> None:
        if id(sys._getframe(1).f_globals) not in self.library:
            self._before_release()
        if not self.held:
            raise RuntimeError("release unlocked lock")
        self.held = False
        self.owner = None
        self.scheduler.gave_up(self.token)

    def _acquire_restore(self, state: Any) -> None:
        if id(sys._getframe(1).f_globals) in self.library:
            InnerLock.acquire(self)
        else:
            self._acquire(True, -1)

    def _is_owned(self) -> bool:
        return self.held

    __enter__ = acquire
    acquire_lock, release_lock, locked_lock = acquire, release, locked


class RLock(InnerRLock):
    """`threading.RLock` for programs: a scheduling point before each outermost acquire."""

    __slots__ = ()
    library: ClassVar[set[int]]
    _try, _request, _before_release, locked = Lock._try, Lock._request, Lock._before_release, Lock.locked
    __new__, __exit__ = Lock.__new__, Lock.__exit__  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__()  # CPython's takes any arguments, too

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        if self.owner is self.scheduler.current:
            self.count += 1
            return True
        return Lock._acquire(self, blocking, timeout)  # type: ignore[arg-type]

    def release(self) -> None:
        if self.owner is not self.scheduler.current:
            raise RuntimeError("cannot release un-acquired lock")
        if self.count == 1:
            self._before_release()  # type: ignore[misc]
        self.count -= 1
        if not self.count:
            self.held = False
            self.owner = None
            self.scheduler.gave_up(self.token)

    def _grant(self) -> None:
        Lock._grant(self)  # type: ignore[arg-type]
        self.count = 1

    def _release_save(self) -> tuple[int, Any]:
        if not self.count:
            raise RuntimeError("cannot release un-acquired lock")
        if id(sys._getframe(1).f_globals) not in self.library:
            self._before_release()  # type: ignore[misc]
        state = (self.count, self.owner)
        self.count = 0
        self.held = False
        self.owner = None
        self.scheduler.gave_up(self.token)
        return state

    def _acquire_restore(self, state: tuple[int, Any]) -> None:
        if id(sys._getframe(1).f_globals) in self.library:
            InnerLock.acquire(self)
        else:
            Lock._acquire(self, True, -1)  # type: ignore[arg-type]
        self.count = state[0]

    __enter__ = acquire


class OfLibrary:
    """Mixed into a public lock: an inner one for the standard library's own code."""

    __slots__ = ()
    library: ClassVar[set[int]]
    inner: ClassVar[Any]
    public: ClassVar[Any]

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        lock = self.inner if id(sys._getframe(1).f_globals) in self.library else self.public
        return lock.acquire(self, blocking, timeout)  # type: ignore[no-any-return]

    def release(self) -> None:
        lock = self.inner if id(sys._getframe(1).f_globals) in self.library else self.public
        lock.release(self)

    def __exit__(self, *exc: object) -> None:
        lock = self.inner if id(sys._getframe(1).f_globals) in self.library else self.public
        lock.release(self)

    def locked(self) -> bool:
        lock = self.inner if id(sys._getframe(1).f_globals) in self.library else self.public
        return lock.locked(self)  # type: ignore[no-any-return]

    __enter__ = acquire
    acquire_lock, release_lock, locked_lock = acquire, release, locked


class Locks(NamedTuple):
    """The two lock classes of one world; `library`: ids of the `__dict__`s of its standard modules."""

    Lock: Any
    RLock: Any


def classes(scheduler: Scheduler, library: set[int]) -> Locks:
    """Lock and RLock on this scheduler."""
    bind = {"scheduler": scheduler, "library": library, "__slots__": (), "__module__": "_thread"}
    made = Locks(_bound("lock", Lock, InnerLock, bind), _bound("RLock", RLock, InnerRLock, bind))
    made.Lock.__init_subclass__ = _refuse_to_be_a_base
    return made


def _refuse_to_be_a_base() -> None:
    raise TypeError("type '_thread.lock' is not an acceptable base type")


def _bound(name: str, public: type, inner: type, bind: dict[str, Any]) -> type:
    lock = type(name, (public,), bind)
    lock.of_library = type(name, (OfLibrary, lock), {**bind, "inner": inner, "public": lock})  # type: ignore[attr-defined]
    return lock
