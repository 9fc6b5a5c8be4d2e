"""Worker processes: where executions happen, so that nothing a program does can hang or end the lab.

A worker is forked from a process with one thread, or started afresh where forking is not safe or the
hash seed is not fixed. It answers one request after the other; requests go to it on one pipe, answers
and messages on their way come from it on another. In it a watchdog reports what is overdue, and guards what
would end the process. The parent has the last word: a worker that falls silent is killed.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import signal
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, NamedTuple, NoReturn

from harness import guards
from harness.memory import limit_addresses
from harness.prctl import adopt_orphans
from harness.watchdog import Beat, Box, Hung, SoFar, Watchdog, end_children

HEAD = struct.Struct("!8sQ")
"""Before each message: that it is one of the lab's, and its length."""

MARK = b"\0lab\r\n\x9d\0"

UNHEARD = 217
"""The exit code of a worker that had no words left: no descriptors, no builtins, no modules."""

GRACE = 3.0
"""Seconds a worker may be silent beyond an execution's deadline."""

STILL = 2.0
"""Seconds on one line after which a program that is known to hang is where it hangs."""

DEPTH = 150
"""Calls that the lab's own frames may be deep, on top of those that a program may."""

_exit = os._exit  # guards.py gives programs another one

Send = Callable[[Any], None]
Opens = Callable[[Any, Send], Callable[[Any], Any]]
"""Given what a worker is for and how to send messages, says how requests are answered. A function of a module."""


class Work(NamedTuple):
    """What a worker is told at its start."""

    opens: Opens
    setup: Any
    timeout: float
    box: int
    requests: int


@dataclass(frozen=True)
class Failed:
    """The answer raised this."""

    error: Exception


@dataclass(frozen=True)
class Message:
    """What an answer sends on its way."""

    body: Any


class Worker:
    """A process that answers requests, one at a time. `timeout`: the seconds that one execution may take."""

    def __init__(self, opens: Opens, setup: Any, timeout: float) -> None:
        self._file = _memory()
        self._box = Box(self._file.fileno())
        self._patience = timeout + GRACE
        self._received = bytearray()
        self._heard = time.monotonic()
        self.busy = False
        requests, self._asking = os.pipe()
        try:
            self.pid, self.pipe = _start(Work(opens, setup, timeout, self._file.fileno(), requests), self._asking)
        finally:
            os.close(requests)

    def ask(self, request: Any, fatal: int | None = None, within: float = float("inf")) -> None:
        """Begin with a request.

        With `fatal` it was asked before and ended that process in its execution of that number, of which each line
        is written down now; the answer has to come `within` so many seconds.
        """
        self.request, self._fatal, self.busy = request, fatal, True
        self.since = self._heard = self._moved = time.monotonic()
        self._until = self.since + within
        self._seen, self._so_far = self._box.read(), None
        data = pickle.dumps((request, fatal or 0))
        with contextlib.suppress(BrokenPipeError):  # its end is seen where it is listened to
            _write(self._asking, _packed(data))

    def hear(self, heard: Callable[[Any], None]) -> Any:
        """To be called when something has arrived. The answer, or `WAITING`; Hung where there will be none."""
        data = os.read(self.pipe, 1 << 20)
        if not data:
            return self._lost(_last_words(self.pid))
        self._heard = time.monotonic()
        received = self._received
        received += data
        while len(received) >= HEAD.size:
            mark, size = HEAD.unpack_from(received)
            if mark != MARK:
                return self._lost("the program wrote into the lab's pipe")
            if len(received) < HEAD.size + size:
                break
            try:
                message = pickle.loads(memoryview(received)[HEAD.size : HEAD.size + size])
            except Exception:
                return self._lost("the program wrote into the lab's pipe")
            del received[: HEAD.size + size]
            if isinstance(message, Message):
                heard(message.body)
            elif isinstance(message, SoFar):
                self._so_far = message.done
            elif not isinstance(message, Beat):
                self.busy = False
                return message
        return WAITING

    def overdue(self) -> Any:
        """Hung where the worker has been silent for too long, else `WAITING`."""
        now = time.monotonic()
        stands = False
        if self._fatal:
            if (seen := self._box.read()) != self._seen:
                self._seen, self._moved, self._heard = seen, now, now
            stands = seen[0] == self._fatal and bool(seen[2]) and now - self._moved > STILL
        if stands or now - self._heard > self._patience or now > self._until:
            return self._lost(f"the interpreter was held for {self._patience:g} s and the worker was killed")
        return WAITING

    def _lost(self, message: str) -> Hung:
        _, thread, place = self._box.read()
        if self._fatal and place:
            message = f"{message}: {thread} was at {place}"
        return Hung(message, placed=self._fatal is not None, so_far=self._so_far)

    @property
    def number(self) -> int:
        """Which execution of its request the worker has come to."""
        return self._box.read()[0]

    def end(self) -> None:
        """Kill the process and all that it started."""
        end_children(self.pid)  # while it lives, and they are its own
        with contextlib.suppress(OSError):
            os.close(self._asking)
        os.close(self.pipe)
        self._file.close()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self.pid, 0)


def _memory() -> IO[bytes]:
    """A file that nobody else sees."""
    if hasattr(os, "memfd_create"):
        return os.fdopen(os.memfd_create("heisenlab"), "r+b")
    return tempfile.TemporaryFile()


WAITING = object()
"""No answer yet."""


def _last_words(pid: int) -> str:
    """How a process ended whose pipe was closed."""
    until = time.monotonic() + GRACE
    with contextlib.suppress(ChildProcessError):
        while not (ended := os.waitpid(pid, os.WNOHANG))[0]:
            if time.monotonic() > until:
                return "the program closed the lab's pipe"
            time.sleep(0.01)
        code = os.waitstatus_to_exitcode(ended[1])
        if code < 0:
            return f"the program killed its process with {signal.Signals(-code).name}"
        if code == UNHEARD:
            return "the program took away what the lab needs to be heard"
        return f"the program ended its process (exit code {code})"
    return "the worker was lost"


def _start(work: Work, asking: int) -> tuple[int, int]:
    """A process at work: its number, and the pipe from which its answers come. `asking` is the parent's own end."""
    reading, writing = os.pipe()
    if hasattr(os, "fork") and threading.active_count() == 1 and not sys.flags.hash_randomization:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            end = os._exit
            try:
                os.close(reading)
                os.close(asking)
                _work(work, writing, parent)
            finally:
                end(UNHEARD)
        os.close(writing)
        return pid, reading
    return _spawn(work, reading, writing)


def _spawn(work: Work, reading: int, writing: int) -> tuple[int, int]:
    """A fresh interpreter with a fixed hash seed."""
    home = str(Path(__file__).resolve().parent.parent)
    paths = [home, *(path for path in sys.path if path)]
    code = (
        f"import sys; sys.path[:0] = {paths!r}; from harness.worker import spawned; spawned({writing}, {os.getpid()})"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing, work.box, work.requests),
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    os.close(writing)
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(pickle.dumps(tuple(work)))
    child.returncode = 0  # reaped by the Worker, not by Popen
    return child.pid, reading


def spawned(writing: int, parent: int) -> None:
    """The entry of a worker that was started afresh; what it is for is on its standard input."""
    try:
        _work(Work(*pickle.loads(sys.stdin.buffer.read())), writing, parent)
    finally:
        _exit(UNHEARD)


def _work(work: Work, pipe: int, parent: int) -> NoReturn:
    """The life of a worker."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    adopt_orphans()
    _close_streams()
    limit_addresses()
    core = _pin()
    hand_over_at_once()
    sys.setrecursionlimit(sys.getrecursionlimit() + DEPTH)
    sys.unraisablehook = lambda unraisable: None
    gc.freeze()  # what is here now is no garbage: a program's own collections need not look at it
    lock = threading.Lock()

    def write(data: bytes) -> None:
        _write(pipe, _packed(data))

    def write_alone(data: bytes) -> None:
        with lock:
            write(data)

    def send(body: Any) -> None:
        write_alone(pickle.dumps(body))

    watchdog = Watchdog(work.timeout, send, parent, Box(work.box))
    watchdog.start()
    guards.install(watchdog, write)
    _answer(work, watchdog, send, write_alone, core)


def _answer(work: Work, watchdog: Watchdog, send: Send, write: Callable[[bytes], None], core: Any) -> NoReturn:
    """Request after request, until the process is killed; it stays on its `core` as long."""
    answer: Callable[[Any], Any] | None = None
    result: bytes
    while True:
        _, size = HEAD.unpack(_read(work.requests, HEAD.size))
        if answer is not None:  # what executions have left may be collected at any moment, and have finalizers
            watchdog.on()
        request, fatal = pickle.loads(_read(work.requests, size))
        watchdog.request(fatal)
        try:
            answer = answer or work.opens(work.setup, lambda body: send(Message(body)))
            result = pickle.dumps(answer(request))
        except BaseException as error:
            result = pickle.dumps(Failed(_sendable(error)))
        watchdog.off()
        write(result)


def _close_streams() -> None:
    """The program may write to the process's own descriptors, not to the lab's terminal."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)


def _pin() -> Any:
    """Stay on one core that no other worker is on, as long as the answer is kept: handing over is cheaper there.

    A locked file per core, so that workers of all parents on this machine spread; without one, nothing is done.
    """
    with contextlib.suppress(ImportError, OSError, AttributeError):
        import fcntl

        directory = Path(tempfile.gettempdir(), f"heisenlab-cores-{os.getuid()}")
        directory.mkdir(mode=0o700, exist_ok=True)
        for core in sorted(os.sched_getaffinity(0)):
            file = open(directory / str(core), "w")  # noqa: SIM115
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                os.sched_setaffinity(0, {core})
                return file
            except OSError:
                file.close()
    return None


def hand_over_at_once() -> None:
    """Threads of this process that are woken do not take the core from the one that wakes them.

    A thread hands the baton over and then lets go of the interpreter; one that interrupts it in between finds
    the interpreter taken and has to sleep again, which makes a hand-over more than twice as long (Linux only).
    """
    if hasattr(os, "SCHED_BATCH"):
        with contextlib.suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _read(pipe: int, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        if not (more := os.read(pipe, size - len(data))):
            _exit(0)
        data += more
    return bytes(data)


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


def _packed(data: bytes) -> bytes:
    return HEAD.pack(MARK, len(data)) + data


def _sendable(error: BaseException) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
        if isinstance(error, Exception):
            return error
    except Exception:
        pass
    return RuntimeError(f"{type(error).__name__}: {error}")
