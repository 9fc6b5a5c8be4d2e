"""Inside a worker: who looks at the clock, at memory, and at what a program does to its process.

Whatever would hang or end the process is reported in one sentence that names the thread and the line,
and costs the worker. That is never a verdict about the program. Where the process is gone before
anybody could say where (a segmentation fault, C code that never lets go of the interpreter), the
parent lets the work be done again, up to the same execution, with each line written down first (`Box`).
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, process_time, sleep  # as they are before a program puts something in their place
from types import CodeType, FrameType
from typing import Any, NamedTuple, NoReturn

RESIDENT = 1 << 30
"""Bytes of memory that a program may take."""

LOOK = 0.2
"""Seconds between two looks at the most."""

SPARE = 2.0
"""Seconds beyond an execution's that the lab may need before one begins."""

NO_ALARM = 0.0, 0.0, ""
"""Seconds until it comes, and from one to the next; who has set it where."""

_exit, _kill = os._exit, os.kill  # guards.py gives programs others


@dataclass(frozen=True)
class Hung:
    """Work that came to no answer; `message` is one sentence. `placed`: it says where. `so_far`: what was done."""

    message: str
    placed: bool = True
    so_far: Any = None


@dataclass(frozen=True)
class SoFar:
    """What was done of a request before the execution that ended its process."""

    done: Any


@dataclass(frozen=True)
class Beat:
    """The watchdog is awake."""


class Position(NamedTuple):
    """Where a running thread is: place in the program, function of others that it is in there, steps made so far."""

    thread: str
    place: str = ""
    inside: str = ""
    steps: int = 0
    unwinding: bool = False
    deciding: bool = False
    """It is the lab that is at work, on who goes on."""


class Box:
    """A file that outlives the worker: the number of the execution under way, then thread and place."""

    SIZE = 256

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def write(self, number: int, thread: str = "", place: str = "") -> None:
        text = f"{number}\n{thread}\n{place}\n".encode()
        os.pwrite(self._descriptor, text[: self.SIZE].ljust(self.SIZE), 0)

    def read(self) -> tuple[int, str, str]:
        lines = os.pread(self._descriptor, self.SIZE, 0).decode("utf-8", "replace").split("\n")
        return (int(lines[0]), lines[1], lines[2]) if len(lines) > 3 else (0, "", "")


class Watchdog:
    """A host thread that ends the process when an execution is overdue, memory is out or the parent is gone.

    `where` tells where the running thread is, `so_far` what was done of the request that is being answered.
    """

    current: Watchdog | None = None

    def __init__(self, timeout: float, send: Callable[[Any], None], parent: int, box: Box) -> None:
        self._timeout = timeout
        self._send = send
        self._parent = parent
        self._box = box
        self._fatal = self._number = 0
        self._since: float | None = None
        self._memory = resident() + RESIDENT
        self.where: Callable[[], Position] = lambda: Position("the program")
        self.so_far: Callable[[], Any] = lambda: None
        self.alarm = NO_ALARM
        self.native = 0
        Watchdog.current = self

    def start(self) -> None:
        """Begin to look."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def request(self, fatal: int) -> None:
        """A request is to be answered. Its execution number `fatal` (0: none) has ended its process before."""
        self._fatal, self._number = fatal, 0
        self._box.write(0)
        self.so_far = lambda: None

    def begins(self) -> bool:
        """An execution starts now. True where each of its lines is to be written down: `tracer`."""
        self._since = monotonic()
        self.alarm = NO_ALARM
        self._number += 1
        self._box.write(self._number)
        if self._number != self._fatal:
            return False
        self._send(SoFar(self.so_far()))
        return True

    def on(self) -> None:
        """Work begins: what is overdue is counted from here with SPARE, and from the beginning of each execution."""
        self._since = monotonic() + SPARE

    @property
    def since(self) -> float:
        """When the execution under way, or else the work, began: on the monotonic clock."""
        return self._since or 0.0

    def off(self) -> None:
        """The work is done."""
        self._since = None

    def gives_up(self, what: str, so: str = "") -> NoReturn:
        """Report that the running thread does `what`, and end the process."""
        at = self.where()
        inside = f", in {at.inside}" if at.inside else ""
        self.report(f"{at.thread} {what}{f' ({at.place}{inside})' if at.place else ''}{so}")

    def report(self, message: str) -> NoReturn:
        """Say why there will be no answer, and end the process."""
        end_children(os.getpid())
        with contextlib.suppress(Exception):
            self._send(Hung(message, so_far=self.so_far()))
        _exit(1)

    def tracer(self, files: Container[str], thread: Callable[[], str]) -> Callable[..., Any]:
        """A trace function that writes down each line of the program before it is carried out."""

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            name = frame.f_code.co_filename
            if name not in files:
                return None
            self._box.write(self._number, thread(), f"{Path(name).name}:{frame.f_lineno}")
            return trace

        return trace

    def _watch(self) -> None:
        self.native, beat = threading.get_native_id(), 0.0
        while True:
            sleep(min(LOOK, self._timeout / 4))
            if os.getppid() != self._parent:
                _exit(1)
            if resident() > self._memory:
                self.gives_up(f"takes more than {RESIDENT >> 30} GiB of memory")
            since, now = self._since, monotonic()
            if since is not None and now - since > self._timeout:
                self._late()
            if now - beat > 1.0:
                beat = now
                self._send(Beat())

    def _late(self) -> NoReturn:
        at, before = self.where(), process_time()
        for _ in range(5):  # on a busy machine it may take a while before it is given any time
            sleep(0.1)
            busy = process_time() - before > 0.005
            if busy:
                break
        so = f", for {self._timeout:g} s"
        if at.unwinding:
            self.gives_up("cannot be ended, for it catches every exception", so)
        now = self.where()
        if now.steps != at.steps or (at.deciding and now.deciding):
            self.gives_up(f"is at step {at.steps:,}", f": one execution takes more than {self._timeout:g} s")
        elif busy:
            self.gives_up("runs on without coming to a scheduling point", so)
        self.gives_up("is blocked outside of the lab's control", so)


def end_children(pid: int) -> None:
    """Kills the processes that `pid` has started, wherever they have gone, and those that these have started.

    Only where /proc tells which there are.
    """
    parents: dict[int, int] = {}
    for name in filter(str.isdigit, os.listdir("/proc") if os.path.isdir("/proc") else ()):
        try:  # without a text layer: without the GIL it takes for ever to make one beside a thread that spins
            with open(f"/proc/{name}/stat", "rb", buffering=0) as file:
                parents[int(name)] = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, ValueError, IndexError):
            pass
    family = [pid]
    for member in family:  # which grows
        family += [child for child, parent in parents.items() if parent == member]
    for member in family[1:]:
        with contextlib.suppress(OSError):
            _kill(member, signal.SIGKILL)


def resident() -> int:
    """Bytes of memory that this process has; 0 where nobody can tell."""
    try:
        with open("/proc/self/statm", "rb", buffering=0) as file:
            return int(file.read().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def innermost(frame: FrameType | None, files: Container[str]) -> tuple[str, str]:
    """Where in `files` a thread stands, and in which function of others it is there."""
    inside = ""
    while frame is not None:
        code = frame.f_code
        if code.co_filename in files:
            return f"{Path(code.co_filename).name}:{frame.f_lineno}", inside
        if not frame.f_globals.get("__name__", "").startswith("harness."):
            inside = f"{Path(code.co_filename).stem}.{code.co_name}"
        frame = frame.f_back
    return "", ""


def is_called_by(frame: FrameType | None, function: CodeType, files: Container[str]) -> bool:
    """Whether a thread is in what this function calls, and not in anything of `files` that it has called in turn."""
    while frame is not None and frame.f_code is not function and frame.f_code.co_filename not in files:
        frame = frame.f_back
    return frame is not None and frame.f_code is function


def frame_of(ident: int) -> FrameType | None:
    """The frame in which the real thread `ident` is."""
    return sys._current_frames().get(ident)
