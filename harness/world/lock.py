"""Lock and RLock: the lab's lowest layer, on which CPython's own Condition, Semaphore, Queue … stand.

`InnerLock` and `InnerRLock` are what the standard library's source gets: they block when they must
and are never scheduling points, so that a public operation stays one step. `Lock` and `RLock` are
what a program gets: each acquire is a scheduling point that lies before it takes effect, enabled
only while the lock is free. A release is merged into the step before it, for nobody can tell the
difference, unless somebody probes the lock (try-acquire, timed acquire, `locked`): from then on
releases are scheduling points too.

Semantics and errors as `_thread.lock` (Modules/_threadmodule.c) and `threading._RLock`.
"""

from __future__ import annotations

import math
from typing import Any, ClassVar

from harness.scheduler import Scheduler
from harness.task import Task
from harness.trace import Operation

TIMEOUT_MAX = 9223372036.0


def timeout_ns(seconds: float) -> int:
    """A timeout as virtual ns, rounded up to at least 1: a wait of no length would never let time pass."""
    return max(1, math.ceil(seconds * 1e9))


class InnerLock:
    """`_thread.lock` for the standard library's source: no scheduling point, blocks only when it must."""

    __slots__ = ("held", "owner", "token", "__weakref__")
    scheduler: ClassVar[Scheduler]

    def __init__(self) -> None:
        self.held = False
        self.owner: Task | None = None
        self.token = self.scheduler.new_token()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        deadline = self._deadline(blocking, timeout)
        if self.held and (not blocking or not self.scheduler.block(self, deadline)):
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

    acquire_lock, release_lock, locked_lock = acquire, release, locked

    def __repr__(self) -> str:
        return f"<{'locked' if self.held else 'unlocked'} _thread.lock>"


class InnerRLock(InnerLock):
    """`_thread.RLock` for the standard library's source."""

    __slots__ = ("count",)

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
        return f"<{'locked' if self.held else 'unlocked'} _thread.RLock owner={self.owner} count={self.count}>"


class Lock(InnerLock):
    """`threading.Lock` for programs: a scheduling point before each acquire."""

    __slots__ = ()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        return self._acquire(blocking, timeout)

    def _acquire(self, blocking: bool, timeout: float) -> bool:
        scheduler = self.scheduler
        if blocking and timeout == -1:
            me = scheduler.current
            me.subject = self
            me.asked = self.held
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
        me.subject = self
        if deadline is None or deadline <= scheduler.now:
            scheduler.point(Operation("try_acquire", self.token))
            return not self.held
        me.asked = self.held
        scheduler.point(Operation("acquire", self.token, "timeout"), self, deadline)
        return not me.timed_out

    def _grant(self) -> None:
        self.held = True
        self.owner = me = self.scheduler.current
        me.bypassed = 0
        if len(self.scheduler.live) > 2:
            self.scheduler.granted(self, me)

    def _before_release(self) -> None:
        scheduler = self.scheduler
        if scheduler.release_points:
            scheduler.current.subject = self
            scheduler.point(Operation("release", self.token))

    # What Condition does with its lock is part of the wait's own step, so nothing here is a point.

    def _release_save(self) -> None:
        if not self.held:
            raise RuntimeError("release unlocked lock")
        self.held = False
        self.owner = None
        self.scheduler.gave_up(self.token)

    def _acquire_restore(self, state: Any) -> None:
        InnerLock.acquire(self)

    def _is_owned(self) -> bool:
        return self.held


class RLock(InnerRLock):
    """`threading.RLock` for programs: a scheduling point before each outermost acquire."""

    __slots__ = ()
    _try, _before_release, locked = Lock._try, Lock._before_release, Lock.locked

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
        state = (self.count, self.owner)
        self.count = 0
        self.held = False
        self.owner = None
        self.scheduler.gave_up(self.token)
        return state
