"""What a program could do to its process, intercepted in a worker (and only there).

The process belongs to the lab: it must not be ended, no thread and no handler of a signal must run beside
the scheduler, and there is nobody at its standard input. Each of these is reported with its thread and its
line. An alarm is not set, for it goes by the host's clock: in an execution it has not come yet, and where
nothing but an alarm can end it, that is said (`Watchdog.alarm`).
"""

from __future__ import annotations

import _thread
import io
import math
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any, NoReturn

from harness.scheduler import Scheduler
from harness.watchdog import Hung, Watchdog

_real_exit, _ident = os._exit, _thread.get_ident
_STARTERS = ("_start_new_thread", "_start_joinable_thread")
_OF_PROCESSES = ("concurrent.futures.process", "multiprocessing.queues", "multiprocessing.managers")
"""Modules whose threads serve other processes."""


def install(watchdog: Watchdog, write: Callable[[bytes], None]) -> None:
    """Guard this process. `write` puts a message on the pipe without taking any lock."""
    _guard_the_end(watchdog)
    _guard_signals(watchdog)
    _guard_alarms(watchdog)
    _guard_threads(watchdog)
    sys.stdin = NoInput(watchdog)
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=lambda: _in_child(write))


def _guard_the_end(watchdog: Watchdog) -> None:
    worker = os.getpid()

    def _exit(status: int) -> NoReturn:
        if os.getpid() != worker:
            _real_exit(status)
        watchdog.gives_up(f"calls os._exit({status})", ", which ends the lab's process")

    def abort() -> NoReturn:
        watchdog.gives_up("calls os.abort()", ", which ends the lab's process")

    def replacing(execute: Callable[..., NoReturn]) -> Callable[..., NoReturn]:
        def replaced(path: Any, *arguments: Any) -> NoReturn:
            if os.getpid() != worker:
                execute(path, *arguments)
            watchdog.gives_up(f"calls os.{execute.__name__}", ", which puts another program in the place of the lab's")

        return replaced

    os._exit, os.abort = _exit, abort
    os.execv, os.execve = replacing(os.execv), replacing(os.execve)  # what all the others call


def _guard_signals(watchdog: Watchdog) -> None:
    kill, killpg, raise_signal = os.kill, os.killpg, signal.raise_signal
    lab, worker, main = os.getppid(), os.getpid(), threading.get_ident()

    def guarded(pid: int, number: int) -> None:
        if number and os.getpid() == worker and pid in (lab, 0, -1, -lab, -worker):
            watchdog.gives_up(f"sends {_name(number)} to the lab's own processes")
        if number and pid == os.getpid():
            to_itself(number)
        kill(pid, number)

    def to_itself(number: int) -> None:
        handler = signal.getsignal(number)
        if handler is signal.SIG_DFL and number not in _HARMLESS:
            watchdog.gives_up(f"sends {_name(number)} to itself", ", which ends the lab's process")
        if callable(handler) and _ident() != main and os.getpid() == worker:
            beside_it(number)

    def beside_it(number: int) -> NoReturn:
        so = "; its handler would run while another thread does, and the lab schedules threads, not signals"
        watchdog.gives_up(f"sends {_name(number)} to the main thread", so)

    def guarded_raise(number: int) -> None:
        to_itself(number)
        raise_signal(number)

    def guarded_thread(ident: int, number: int) -> None:
        if number:
            beside_it(number)

    def guarded_group(group: int, number: int) -> None:
        if number and os.getpid() == worker and group in (0, worker, os.getpgid(lab)):
            watchdog.gives_up(f"sends {_name(number)} to the lab's own processes")
        killpg(group, number)

    os.kill, os.killpg, signal.raise_signal = guarded, guarded_group, guarded_raise
    if hasattr(signal, "pthread_kill"):
        signal.pthread_kill = guarded_thread


def _guard_alarms(watchdog: Watchdog) -> None:
    if not hasattr(signal, "setitimer"):
        return
    setitimer, getitimer = signal.setitimer, signal.getitimer

    def alarm(seconds: int, /) -> int:
        left, _ = virtual_timer(signal.ITIMER_REAL, seconds)
        return math.ceil(left)

    def virtual_timer(which: int, seconds: float, interval: float = 0.0, /) -> tuple[float, float]:
        if which != signal.ITIMER_REAL:
            return setitimer(which, seconds, interval)
        at = watchdog.where()
        before, watchdog.alarm = watchdog.alarm, (seconds, interval, f"{at.thread} has set ({at.place})")
        return before[:2]

    def remaining(which: int, /) -> tuple[float, float]:
        return watchdog.alarm[:2] if which == signal.ITIMER_REAL else getitimer(which)

    signal.alarm, signal.setitimer, signal.getitimer = alarm, virtual_timer, remaining


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


_HARMLESS = {getattr(signal, name, None) for name in ("SIGCHLD", "SIGCONT", "SIGURG", "SIGWINCH")}


def _guard_threads(watchdog: Watchdog) -> None:
    """A thread of the host's runs whenever it likes: nothing that is seen then would be true."""

    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        module, in_the_lab = _culprit()
        if in_the_lab:
            watchdog.gives_up("starts a thread outside of the lab, for it is not the lab's module that it asks")
        so = f"--instrument {module.partition('.')[0]} brings it into the lab"
        if module.startswith(_OF_PROCESSES):
            so = "the lab controls one process"
        elif module.startswith("asyncio."):
            so = "the lab schedules threads, not the tasks of an event loop"
        watchdog.gives_up(f"starts a thread outside of the lab, through {module}", f"; {so}")

    for name in _STARTERS:
        if hasattr(threading, name):
            setattr(threading, name, refuse)
        if hasattr(_thread, name.removeprefix("_")):
            setattr(_thread, name.removeprefix("_"), refuse)


def _culprit() -> tuple[str, bool]:
    """The module that makes use of threads, the first up the stack that is not one for threads; is it rewritten?"""
    frame: FrameType | None = sys._getframe(2)
    while frame is not None:
        module = str(frame.f_globals.get("__name__", ""))
        if module not in ("threading", "concurrent.futures.thread"):
            return module, "_lab_calling" in frame.f_builtins
        frame = frame.f_back
    return "threading", False


def _in_child(write: Callable[[bytes], None]) -> None:
    """A child that a program forked may do what it likes until it needs the scheduler: its threads are not there."""

    def point(self: Scheduler, *args: Any, **kwargs: Any) -> NoReturn:
        message = f"{self.current.name} forked, and the child came to a scheduling point: the lab controls one process"
        write(pickle.dumps(Hung(message)))
        _real_exit(1)

    Scheduler.point = point  # type: ignore[method-assign]


class NoInput(io.TextIOBase):
    """Standard input of a program in the lab: nobody is there."""

    encoding, errors = "utf-8", "replace"

    def __init__(self, watchdog: Watchdog) -> None:
        self._watchdog = watchdog

    def read(self, size: int | None = -1) -> str:
        self._watchdog.gives_up("reads standard input", ": there is nobody to answer it")

    def readline(self, size: int = -1) -> str:  # type: ignore[override]
        self._watchdog.gives_up("reads standard input", ": there is nobody to answer it")

    def readable(self) -> bool:
        return True

    @property
    def buffer(self) -> Any:
        return self
