"""Carriers: the real threads that program threads ride on.

They are pooled and outlive an execution, because starting one costs more than many steps. But on a
free-threaded Python an object belongs to the real thread that made it, and dies where another one drops
it only if that thread is gone. So where it matters when things die (`pooled` is false), a carrier carries
one thread and ends with it, and whoever runs next waits until it is gone.
"""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable
from typing import Any

from harness.task import Task

_start = _thread.start_new_thread  # guards.py gives programs others
_start_joinable: Any = getattr(_thread, "start_joinable_thread", None)  # from 3.13 on

FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()


class Carrier:
    """A real thread; it waits for its `baton`, and for a job to do then."""

    __slots__ = ("baton", "job", "ident", "handle")

    def __init__(self) -> None:
        self.baton = _thread.allocate_lock()
        self.baton.acquire()
        self.job: tuple[Task, Callable[[], None]] | None = None
        self.ident = 0
        self.handle: Any = None


class Carriers:
    """All carriers of one scheduler. `carry` is what a new one does."""

    def __init__(self, carry: Callable[[Carrier], None]) -> None:
        self._carry = carry
        self._pool: list[Carrier] = []
        self.leaving: Any = None
        self.pooled = True
        self.natives: set[int] = set()
        """The system's numbers of all that there have been."""

    def begins(self) -> int:
        """Called by a carrier at its beginning; its identity."""
        self.natives.add(_thread.get_native_id())
        return _thread.get_ident()

    def take(self) -> Carrier:
        """One that has nothing to do."""
        if self._pool and self.pooled:
            return self._pool.pop()
        carrier = Carrier()
        if self.pooled:
            _start(self._carry, (carrier,))
        else:
            carrier.handle = _start_joinable(lambda: self._carry(carrier), daemon=True)
        return carrier

    def give_back(self, carrier: Carrier) -> bool:
        """Its thread has ended; False where it is to end as well."""
        if carrier.handle is None:
            self._pool.append(carrier)
            return True
        self.leaving = carrier.handle
        return False

    def await_leaving(self) -> None:
        """Called by whoever was given the baton: the carrier that is about to end has to be gone."""
        if self.leaving is not None:
            leaving, self.leaving = self.leaving, None
            leaving.join()


def park() -> None:
    """Where a thread stays that cannot be ended."""
    lock = _thread.allocate_lock()
    lock.acquire()
    lock.acquire()
