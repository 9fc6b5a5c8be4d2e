"""Many jobs on a few child processes: what one job does to its process costs that job and nothing else.

Children are forked from a parent that has one thread, so each starts in about a millisecond with everything
imported. A child leads a process group of its own; the whole group is killed when the child is through or late,
so nothing that a job started can outlive it.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, NoReturn

HEAD = struct.Struct("!Q")
PAUSE = 0.2
"""Seconds between two looks at who has died or is late."""


@dataclass(frozen=True)
class Job:
    """Something to be called in a child process, which is killed after `deadline` seconds (None: never)."""

    key: Any
    call: Callable[[], Any]
    deadline: float | None = None


@dataclass(frozen=True)
class Lost:
    """A job that came to no result: its child died, or was killed at its deadline."""

    reason: str


@dataclass(frozen=True)
class Raised:
    """A job that ended with an exception."""

    error: Exception


@dataclass
class _Child:
    job: Job
    pid: int
    pipe: int
    deadline: float
    received: bytearray = field(default_factory=bytearray)

    @property
    def complete(self) -> bool:
        return len(self.received) >= HEAD.size and len(self.received) == HEAD.size + HEAD.unpack_from(self.received)[0]


def run(jobs: Iterable[Job], workers: int, started: Callable[[Job], None] = lambda job: None) -> Iterator[Any]:
    """(job, result) of every job in the order in which they end; `Lost` or `Raised` where there is no result.

    At most `workers` children live at a time, and none when the iterator is closed or an exception passes through.
    `started` is told of each job when its child is forked.
    """
    waiting = iter(jobs)
    with selectors.DefaultSelector() as selector:
        children: dict[int, _Child] = {}
        try:
            while True:
                while len(children) < workers and (job := next(waiting, None)) is not None:
                    child = _fork(job)
                    children[child.pipe] = child
                    selector.register(child.pipe, selectors.EVENT_READ)
                    started(job)
                if not children:
                    return
                for child in _ended(selector, children):
                    selector.unregister(child.pipe)
                    del children[child.pipe]
                    yield child.job, _result(child)
        finally:
            for child in children.values():
                _kill(child)


def _fork(job: Job) -> _Child:
    sys.stdout.flush() if sys.stdout else None
    sys.stderr.flush() if sys.stderr else None
    reading, writing = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _work(job, writing, parent)
    os.close(writing)
    os.set_blocking(reading, False)
    with contextlib.suppress(OSError):
        os.setpgid(pid, pid)
    until = time.monotonic() + job.deadline if job.deadline is not None else float("inf")
    return _Child(job, pid, reading, until)


def _work(job: Job, pipe: int, parent: int) -> NoReturn:
    """The child: one job, its result into the pipe, and out, whatever happens."""
    status = 1
    try:
        with contextlib.suppress(OSError):
            os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        _die_with(parent)
        data = _call(job)
        with os.fdopen(pipe, "wb") as stream:
            stream.write(HEAD.pack(len(data)) + data)
        status = 0
    finally:
        os._exit(status)


def _call(job: Job) -> bytes:
    """The job's result or its exception, as it is sent; the exception carries its traceback as a note."""
    try:
        return pickle.dumps(job.call())
    except Exception as error:
        error.add_note(traceback.format_exc())
        return pickle.dumps(Raised(error))


def _die_with(parent: int) -> None:
    """End this process group soon after its parent is gone: a killed parent cannot kill its children."""

    def look(*_: object) -> None:
        if os.getppid() != parent:
            os.killpg(0, signal.SIGKILL)

    signal.signal(signal.SIGALRM, look)
    signal.setitimer(signal.ITIMER_REAL, 0.5, 0.5)


def _ended(selector: selectors.BaseSelector, children: dict[int, _Child]) -> list[_Child]:
    """The children that have delivered, died, or are past their deadline; waits a moment until there may be one.

    The end of the pipe alone tells nothing: what a child has left running may keep it open.
    """
    ended = []
    for key, _ in selector.select(PAUSE):
        child = children[key.fd]
        if _receive(child) or child.complete:
            ended.append(child)
    now = time.monotonic()
    return ended + [c for c in children.values() if c not in ended and (now >= c.deadline or _dead(c))]


def _receive(child: _Child) -> bool:
    """Read what is there; True at the end of the pipe."""
    with contextlib.suppress(BlockingIOError):
        while data := os.read(child.pipe, 1 << 20):
            child.received += data
        return True
    return False


def _dead(child: _Child) -> bool:
    return os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _result(child: _Child) -> Any:
    _receive(child)
    if child.complete:
        _kill(child)
        return pickle.loads(memoryview(child.received)[HEAD.size :])
    late = time.monotonic() >= child.deadline
    status = _kill(child, late)
    if late:
        return Lost(f"no result after {child.job.deadline:g} s")
    code = os.waitstatus_to_exitcode(status)
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return Lost(f"its process {how}")


def _kill(child: _Child, at_once: bool = True) -> int:
    """End the child and all it started; returns its wait status. `at_once=False` lets the child itself end.

    It is reaped last: until then its number cannot belong to anybody else's group.
    """
    os.close(child.pipe)
    if not at_once:
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    return os.waitpid(child.pid, 0)[1]
