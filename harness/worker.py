"""Worker processes: where executions happen, so that nothing a program does can hang or end the lab.

A worker is forked from a process with one thread, or started afresh where forking is not safe or the
hash seed is not fixed. It answers one request with messages on a pipe. In it a watchdog reports what
is overdue, and guards what would end the process. The parent has the last word: a worker that falls
silent is killed.
"""

from __future__ import annotations

import contextlib
import gc
import os
import pickle
import selectors
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
from typing import Any, NamedTuple, NoReturn

from harness import guards
from harness.memory import limit_addresses
from harness.watchdog import Beat, Box, Hung, Watchdog

HEAD = struct.Struct("!Q")
GRACE = 3.0
"""Seconds a worker may be silent beyond an execution's deadline."""

STILL = 2.0
"""Seconds on one line after which a program that is known to hang is where it hangs."""

DEPTH = 150
"""Calls that the lab's own frames may be deep, on top of those that a program may."""

Answer = Callable[[Any, Callable[[Any], None]], Any]
"""Computes a request's result; may send messages on its way."""


class Work(NamedTuple):
    """What a worker is told. `fatal` is the number of the execution whose lines are to be written down."""

    answer: Answer
    request: Any
    timeout: float
    box: int
    fatal: int


@dataclass(frozen=True)
class Failed:
    """The answer raised this."""

    error: Exception


@dataclass(frozen=True)
class _Message:
    body: Any


def ask(answer: Answer, request: Any, timeout: float, heard: Callable[[Any], None] = lambda body: None) -> Any:
    """`answer(request, send)` computed in a worker: its result, or Hung. Raises what the answer raised.

    `timeout` (seconds) is the longest that one execution may take; `answer` is a function of a module.
    """
    with tempfile.TemporaryFile() as file:
        box = Box(file.fileno())
        started = time.monotonic()
        result = _ask(Work(answer, request, timeout, file.fileno(), 0), heard, box)
        fatal = box.read()[0]
        if isinstance(result, Hung) and not result.placed and fatal:
            # It may take as long again, and somewhat longer, for one execution's lines are written down.
            until = time.monotonic() + 2 * (time.monotonic() - started) + GRACE
            again = _ask(Work(answer, request, timeout, file.fileno(), fatal), lambda body: None, box, until)
            if isinstance(again, Hung):
                result = again if again.placed else _placed(result, box)
    if isinstance(result, Failed):
        raise result.error
    return result


def _placed(result: Hung, box: Box) -> Hung:
    _, thread, place = box.read()
    return Hung(f"{result.message}: {thread} was at {place}") if place else result


def _ask(work: Work, heard: Callable[[Any], None], box: Box, until: float = float("inf")) -> Any:
    pid, pipe = _start(work)
    try:
        return _listen(pid, pipe, work, heard, box, until)
    finally:
        os.close(pipe)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


def _listen(pid: int, pipe: int, work: Work, heard: Callable[[Any], None], box: Box, until: float) -> Any:
    received = bytearray()
    patience = work.timeout + GRACE
    silent_until = time.monotonic() + patience
    last, moved = box.read(), time.monotonic()
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            ready = selector.select(min(0.2, max(0.0, silent_until - time.monotonic())))
            now = time.monotonic()
            if work.fatal and (seen := box.read()) != last:
                last, moved, silent_until = seen, now, now + patience
            if not ready:
                stands = last[0] == work.fatal and bool(last[2]) and now - moved > STILL
                if now > silent_until or now > until or (work.fatal and stands):
                    return Hung(f"the interpreter was held for {patience:g} s and the worker was killed", False)
                continue
            data = os.read(pipe, 1 << 20)
            if not data:
                return Hung(_last_words(pid), False)
            received += data
            silent_until = now + patience
            while len(received) >= HEAD.size and len(received) >= HEAD.size + (size := HEAD.unpack_from(received)[0]):
                message = pickle.loads(memoryview(received)[HEAD.size : HEAD.size + size])
                del received[: HEAD.size + size]
                if isinstance(message, _Message):
                    heard(message.body)
                elif not isinstance(message, Beat):
                    return message


def _last_words(pid: int) -> str:
    with contextlib.suppress(ChildProcessError):
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code < 0:
            return f"the program killed its process with {signal.Signals(-code).name}"
        return f"the program ended its process (exit code {code})"
    return "the worker was lost"


def _start(work: Work) -> tuple[int, int]:
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
                _work(work, writing, parent)
            finally:
                end(1)
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
        pass_fds=(writing, work.box),
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    os.close(writing)
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(pickle.dumps(tuple(work)))
    child.returncode = 0  # reaped by `_ask`, not by Popen
    return child.pid, reading


def spawned(writing: int, parent: int) -> None:
    """The entry of a worker that was started afresh; its request is on its standard input."""
    _work(Work(*pickle.loads(sys.stdin.buffer.read())), writing, parent)


def _work(work: Work, pipe: int, parent: int) -> NoReturn:
    """The life of a worker."""
    end = os._exit
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _close_streams()
    limit_addresses()
    core = _pin()
    hand_over_at_once()
    sys.setrecursionlimit(sys.getrecursionlimit() + DEPTH)
    sys.unraisablehook = lambda unraisable: None
    gc.freeze()  # what is here now is no garbage: a program's own collections need not look at it
    lock = threading.Lock()

    def write(data: bytes) -> None:
        _write(pipe, HEAD.pack(len(data)) + data)

    def send(body: Any) -> None:
        data = pickle.dumps(body)
        with lock:
            write(data)

    watchdog = Watchdog(work.timeout, send, parent, Box(work.box), work.fatal)
    watchdog.start()
    guards.install(watchdog, write)
    try:
        result = work.answer(work.request, lambda body: send(_Message(body)))
    except Exception as error:
        result = Failed(_sendable(error))
    watchdog.off()
    send(result)
    del core
    end(0)


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


def _write(pipe: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(pipe, view) :]


def _sendable(error: Exception) -> Exception:
    try:
        pickle.loads(pickle.dumps(error))
        return error
    except Exception:
        return RuntimeError(f"{type(error).__name__}: {error}")
