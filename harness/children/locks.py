"""Locks as `threading` hands them out in a child that is perturbed or whose clock is scaled.

They are CPython's own, behind a thin wrapper that adds a scheduling point before each operation, divides timeouts by
the time scale, and remembers who holds a lock since when and who wants it, for the story of a hang. `Condition`,
`Semaphore`, `Event`, `Queue` … take their locks from `threading` and so are covered without being touched.
"""

from __future__ import annotations

import os
import queue
import sys
import threading
from _thread import RLock as _RLock
from _thread import allocate_lock as _allocate_lock
from _thread import get_ident
from types import SimpleNamespace
from typing import Any

from harness.children.job import Home
from harness.children.perturbation import Perturbation
from harness.children.stacks import thread_name

_here = SimpleNamespace(perturbation=None, scale=1.0, home=Home(__file__))
_wanted: dict[int, Any] = {}  # ident of a thread → the lock it is acquiring


def held(ident: int) -> str:
    """`, held by bob since broken.py:20` for the lock the thread waits for; empty where that is not known."""
    taken = getattr(_wanted.get(ident), "taken", None)
    return f", held by {thread_name(taken[0])} since {taken[1]}" if taken else ""


class Lock:
    """Stands in for threading.Lock."""

    __slots__ = ("_lock", "taken", "locked", "__weakref__")

    def __init__(self) -> None:
        self._lock = _allocate_lock()
        self.locked = self._lock.locked
        self.taken: tuple[int, str] | None = None
        _made(self)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        _wait_for(self)
        got = self._lock.acquire(blocking, _scaled(timeout))
        return _acquired(self, got)

    def release(self) -> None:
        _operation(self)
        self.taken = None
        self._lock.release()

    def __enter__(self) -> bool:
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()

    def _at_fork_reinit(self) -> None:
        self._lock._at_fork_reinit()  # type: ignore[attr-defined]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self._lock.__reduce_ex__(protocol)  # which raises

    def __repr__(self) -> str:
        return repr(self._lock)


class Gate(Lock):
    """Stands in for threading._allocate_lock: by such a lock a thread waits for another, and nobody holds it."""

    __slots__ = ()

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        got = super().acquire(blocking, timeout)
        self.taken = None
        return got


class RLock(_RLock):  # type: ignore[misc]
    """Stands in for threading.RLock. `Condition` gives it up and takes it back by its two private methods."""

    taken: tuple[int, str] | None = None

    def __init__(self) -> None:
        _made(self)

    def acquire(self, blocking: bool = True, timeout: float = -1) -> bool:
        _wait_for(self)
        got = super().acquire(blocking, _scaled(timeout))
        return _acquired(self, got)

    def release(self) -> None:
        _operation(self)
        super().release()
        self._given_up()

    def _release_save(self) -> Any:
        _operation(self)
        state = super()._release_save()  # type: ignore[misc]
        self._given_up()
        return state

    def _acquire_restore(self, state: Any) -> None:
        _wait_for(self)
        super()._acquire_restore(state)  # type: ignore[misc]
        _acquired(self, True)

    def _given_up(self) -> None:
        """Forget the holder, unless it still holds, or another thread was faster and holds already."""
        if self.taken and self.taken[0] == get_ident() and not self._is_owned():  # type: ignore[attr-defined]
            self.taken = None

    def __enter__(self) -> bool:  # type: ignore[override]
        return self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


class SimpleQueue(queue.SimpleQueue):  # type: ignore[type-arg]
    """Stands in for queue.SimpleQueue, which waits in C, on a lock of its own."""

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        _operation(self)
        super().put(item)

    def get(self, block: bool = True, timeout: float | None = None) -> Any:
        _wait_for(self)
        try:
            return super().get(block, timeout and _scaled(timeout))
        finally:
            _acquired(self, False)


def _made(lock: object) -> None:
    if _here.perturbation is not None:
        _here.perturbation.made(lock)


def _operation(lock: object) -> None:
    """The scheduling point before an operation, in mode stress."""
    if _here.perturbation is not None:
        _here.perturbation.lock(lock)


def _wait_for(lock: Any) -> None:
    """The scheduling point before an operation that may block; until `_acquired` the caller wants the lock."""
    _wanted[get_ident()] = lock
    if _here.perturbation is not None:
        _here.perturbation.lock(lock)
        _here.perturbation.waits(True)


def _scaled(timeout: float) -> float:
    return timeout / _here.scale if timeout > 0 else timeout


def _acquired(lock: Any, got: bool) -> bool:
    """Note that the caller no longer wants the lock, and has it if `got`."""
    ident = get_ident()
    _wanted.pop(ident, None)
    if _here.perturbation is not None:
        _here.perturbation.waits(False)
    if got:
        lock.taken = ident, _place()
    return got


def _place() -> str:
    """The innermost line of the program in the calling thread."""
    frame = sys._getframe(2)
    while frame.f_back is not None and frame.f_code.co_filename not in _here.home:
        frame = frame.f_back
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def install(home: Home, scale: float, perturbation: Perturbation | None) -> None:
    """From now on `threading` and `queue` in this process hand out these locks. home: the program's directory."""
    _here.home, _here.scale, _here.perturbation = home, scale, perturbation
    for name, stand_in in (("Lock", Lock), ("_allocate_lock", Gate), ("RLock", RLock)):
        setattr(threading, name, stand_in)
    queue.SimpleQueue = SimpleQueue  # type: ignore[misc]
    threading.Thread.join = _join  # type: ignore[method-assign, assignment]
    if perturbation is not None:
        threading.Thread.start = _start  # type: ignore[method-assign, assignment]


class _Began:
    """Stands in for the Event by which a thread tells its starter that it has begun: no pauses in there."""

    def __init__(self) -> None:
        self._gate = _allocate_lock()
        self._gate.acquire()

    def is_set(self) -> bool:
        return not self._gate.locked()

    def set(self) -> None:
        self._gate.release()

    def wait(self) -> None:
        with self._gate:
            pass

    def _at_fork_reinit(self) -> None:
        self._gate._at_fork_reinit()  # type: ignore[attr-defined]


_plain_join, _plain_start = threading.Thread.join, threading.Thread.start


def _join(thread: threading.Thread, timeout: float | None = None) -> None:
    if _here.perturbation is None:
        return _plain_join(thread, timeout and _scaled(timeout))
    _here.perturbation.lock(thread)
    _here.perturbation.waits(True)
    _plain_join(thread, timeout and _scaled(timeout))
    _here.perturbation.waits(False)
    return None


def _start(thread: threading.Thread) -> None:
    """Start a thread with a label, by its place in the tree of starts; it begins when the plan lets it."""
    if not getattr(thread, "_initialized", False) or thread._started.is_set():  # type: ignore[attr-defined]
        return _plain_start(thread)  # which refuses
    perturbation: Perturbation = _here.perturbation
    perturbation.lock(thread)
    walker, run = perturbation.child(), thread.run

    def perturbed_run() -> None:
        perturbation.begin(walker)
        try:
            run()
        finally:
            perturbation.waits(True)

    thread.run = perturbed_run  # type: ignore[method-assign]
    thread._started = _Began()  # type: ignore[attr-defined]
    return _plain_start(thread)
