"""Worker processes: where executions happen, so that nothing a program does can hang or end the lab.

A worker is forked from a process with one thread, or started afresh where forking is not safe or the
hash seed is not fixed. It answers one request with messages on a pipe. In it a watchdog thread looks
at the clock: an execution past its deadline is reported with the thread and the line where it
stands, and the process ends. The parent has the last word: a worker that falls silent is killed.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import selectors
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HEAD = struct.Struct("!Q")
GRACE = 5.0
"""Seconds a worker may be silent beyond an execution's deadline."""

MEMORY = 4 << 30
"""Bytes of address space that a worker may take beyond what it starts with."""

Answer = Callable[[Any, Callable[[Any], None]], Any]
"""Computes a request's result; may send messages on its way."""


@dataclass(frozen=True)
class Hung:
    """An execution that passed its deadline, or a worker that was lost; `message` is one sentence."""

    message: str


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
    pid, pipe = _start(answer, request, timeout)
    try:
        result = _listen(pid, pipe, timeout, heard)
    finally:
        os.close(pipe)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
    if isinstance(result, Failed):
        raise result.error
    return result


def _listen(pid: int, pipe: int, timeout: float, heard: Callable[[Any], None]) -> Any:
    received = bytearray()
    silent_until = time.monotonic() + timeout + GRACE
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, selectors.EVENT_READ)
        while True:
            if not selector.select(max(0.0, silent_until - time.monotonic())):
                return Hung(f"no sign of life for {timeout + GRACE:g} s: the worker was killed")
            data = os.read(pipe, 1 << 20)
            if not data:
                return Hung(_last_words(pid))
            received += data
            silent_until = time.monotonic() + timeout + GRACE
            while len(received) >= HEAD.size and len(received) >= HEAD.size + (size := HEAD.unpack_from(received)[0]):
                message = pickle.loads(memoryview(received)[HEAD.size : HEAD.size + size])
                del received[: HEAD.size + size]
                if not isinstance(message, _Message):
                    return message
                heard(message.body)


def _last_words(pid: int) -> str:
    with contextlib.suppress(ChildProcessError):
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        if code < 0:
            return f"the program killed its process with {signal.Signals(-code).name}"
        return f"the program ended its process (exit code {code})"
    return "the worker was lost"


def _start(answer: Answer, request: Any, timeout: float) -> tuple[int, int]:
    reading, writing = os.pipe()
    if hasattr(os, "fork") and threading.active_count() == 1 and not sys.flags.hash_randomization:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
        parent = os.getpid()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(reading)
                _work(answer, request, timeout, writing, parent)
            finally:
                os._exit(1)
        os.close(writing)
        return pid, reading
    return _spawn(answer, request, timeout, reading, writing)


def _spawn(answer: Answer, request: Any, timeout: float, reading: int, writing: int) -> tuple[int, int]:
    """A fresh interpreter with a fixed hash seed."""
    home = str(Path(__file__).resolve().parent.parent)
    paths = [home, *(path for path in sys.path if path)]
    code = f"import sys; sys.path[:0] = {paths!r}; from harness.worker import spawned; spawned({writing}, {os.getpid()})"
    child = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        pass_fds=(writing,),
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    os.close(writing)
    assert child.stdin is not None
    with contextlib.suppress(BrokenPipeError), child.stdin as stdin:
        stdin.write(pickle.dumps((answer, request, timeout)))
    child.returncode = 0  # reaped by `ask`, not by Popen
    return child.pid, reading


def spawned(writing: int, parent: int) -> None:
    """The entry of a worker that was started afresh; its request is on its standard input."""
    answer, request, timeout = pickle.loads(sys.stdin.buffer.read())
    _work(answer, request, timeout, writing, parent)


def _work(answer: Answer, request: Any, timeout: float, pipe: int, parent: int) -> None:
    """The life of a worker. Never returns."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _close_streams(pipe)
    _limit_memory()
    sys.unraisablehook = lambda unraisable: None
    lock = threading.Lock()

    def send(body: Any) -> None:
        data = pickle.dumps(body)
        with lock:
            _write(pipe, HEAD.pack(len(data)) + data)

    watchdog = Watchdog(timeout, send, parent)
    try:
        result = answer(request, lambda body: send(_Message(body)))
    except Exception as error:
        result = Failed(_sendable(error))
    watchdog.off()
    send(result)
    os._exit(0)


class Watchdog:
    """A host thread that ends the process when an execution is overdue or the parent is gone."""

    current: Watchdog | None = None

    def __init__(self, timeout: float, send: Callable[[Any], None], parent: int) -> None:
        self._timeout = timeout
        self._send = send
        self._parent = parent
        self._since: float | None = None
        self.where: Callable[[], str] = lambda: "an execution"
        Watchdog.current = self
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def begins(self) -> None:
        """An execution starts now."""
        self._since = time.monotonic()

    def off(self) -> None:
        """No execution is under way."""
        self._since = None

    def _watch(self) -> None:
        while True:
            time.sleep(min(0.2, self._timeout / 4))
            if os.getppid() != self._parent:
                os._exit(1)
            since = self._since
            if since is not None and time.monotonic() - since > self._timeout:
                self._send(Hung(f"{self.where()} for {self._timeout:g} s"))
                os._exit(1)


def _close_streams(pipe: int) -> None:
    """The program may write to the process's own descriptors, not to the lab's terminal."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(null, descriptor)
    sys.stdin = open(0, closefd=False)


def _limit_memory() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + MEMORY
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


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
