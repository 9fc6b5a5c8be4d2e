"""Virtual time: `time` as a program sees it.

The clock is an integer of nanoseconds that moves only when no thread is enabled, to the earliest
deadline; half an hour of waiting costs nothing. Formatting functions (`strftime` …) are the host's,
given the virtual time where they would read the clock.
"""

from __future__ import annotations

import time as host
from types import ModuleType
from typing import Any

from harness.scheduler import Scheduler
from harness.task import NEVER
from harness.trace import CLOCK, Operation
from harness.world.lock import timeout_ns

EPOCH = 1_700_000_000 * 10**9
"""`time.time_ns()` when an execution starts."""

START = 1_000 * 10**9
"""`time.monotonic_ns()` when an execution starts."""

BUSY = 200
"""Looks at the clock that a thread makes at one instant before it sees the clock move: it waits for that."""


PRECISION = 6
"""Such a thread pauses for 2**-PRECISION of the time that it has waited like this: seconds in some 1,000 looks."""


def module(scheduler: Scheduler) -> ModuleType:
    """A `time` module on the scheduler's clock."""

    def sleep(seconds: float) -> None:
        if seconds < 0:
            raise ValueError("sleep length must be non-negative")
        scheduler.current.subject = None
        if seconds:
            scheduler.point(Operation("sleep"), NEVER, scheduler.now + timeout_ns(seconds))
        else:
            scheduler.point(Operation("sleep"))

    def now_ns() -> int:
        if scheduler.on_clock is not None:
            scheduler.on_clock()
        me = scheduler.current
        if scheduler.early_timeouts and scheduler.active and len(scheduler.live) > 1:  # others may make it later now
            me.subject = None
            scheduler.point(Operation("time", CLOCK))
        at, count, since = scheduler.clock_reads.get(me.index, (-1, 0, 0))
        if at != scheduler.now:
            count, since = 0, scheduler.now
        elif count >= BUSY and scheduler.active:
            me.subject = None
            scheduler.point(Operation("look"), NEVER, scheduler.now + max(1, (scheduler.now - since) >> PRECISION))
        scheduler.clock_reads[me.index] = (scheduler.now, count + 1, since)
        return scheduler.now

    def now() -> float:
        return now_ns() / 1e9

    def wall_ns() -> int:
        return EPOCH + now_ns() - START

    def wall() -> float:
        return wall_ns() / 1e9

    virtual = ModuleType("time", host.__doc__)
    virtual.__dict__.update(host.__dict__)
    virtual.__dict__.update(sleep=sleep, time=wall, time_ns=wall_ns)
    for name in ("monotonic", "perf_counter", "process_time", "thread_time"):
        virtual.__dict__[name] = now
        virtual.__dict__[name + "_ns"] = now_ns
    for name in ("localtime", "gmtime", "ctime"):
        virtual.__dict__[name] = _reading(getattr(host, name), wall)
    virtual.__dict__["strftime"] = lambda format, *t: host.strftime(format, *(t or (host.localtime(wall()),)))
    virtual.__dict__["asctime"] = lambda *t: host.asctime(*(t or (host.localtime(wall()),)))
    return virtual


def _reading(function: Any, wall: Any) -> Any:
    def wrapper(seconds: float | None = None) -> Any:
        return function(wall() if seconds is None else seconds)

    wrapper.__name__ = function.__name__
    return wrapper
