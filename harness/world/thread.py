"""Thread: start, join and is_alive as the scheduler's own operations, on CPython's own class.

The rest of `Thread` (names, daemon flag, properties, `excepthook`, `Timer`) is the running
interpreter's source, loaded by `library.py`. CPython's start handshake is not used: it would add
some 45 steps to a two-thread program and hide bugs.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from types import FunctionType, ModuleType
from typing import Any

from harness.scheduler import Scheduler
from harness.task import Task
from harness.trace import WHOLE, Operation
from harness.unwinding import Unwind
from harness.world.lock import timeout_ns
from harness.world.operations import Operations

CrashHandler = Callable[[Task, BaseException], None]


class Others:
    """Held while a non-daemon thread other than main is unfinished: what an interpreter waits for at exit."""

    token = None
    releaser = None

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler

    @property
    def held(self) -> bool:
        for task in self._scheduler.live:  # noqa: SIM110 (asked at each step, and any() takes three times as long)
            if not task.daemon and task is not self._scheduler.main:
                return True
        return False


class NotYet:
    """What one waits for that joins a thread not started yet: nothing, unless it is started meanwhile."""

    token = None
    releaser = None

    def __init__(self, thread: Any) -> None:
        self._thread = thread

    @property
    def held(self) -> bool:
        task = self._thread._task
        return task is not None and task.held


def install(threading: ModuleType, scheduler: Scheduler, crashed: CrashHandler, operations: Operations) -> None:
    """Replace the parts of a private `threading` module that start, run and await threads."""
    thread_class: Any = threading.Thread

    threading.__dict__["_Started"] = Started
    init = _renamed(thread_class.__init__, Event="_Started")

    @wraps(init)
    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        self._lab_token = scheduler.new_token()
        init(self, *args, **kwargs)

    def __hash__(self: Any) -> int:
        """By creation, not by address: sets of threads (an executor has one) are walked in one order."""
        return int(self.__dict__.get("_lab_token", 0))

    def start(self: Any) -> None:
        if not self._initialized:
            raise RuntimeError("thread.__init__() not called")
        scheduler.current.subject = self
        scheduler.point(Operation("start", ("thread", len(scheduler.tasks)), WHOLE))
        scheduler.touch(self._lab_token)
        if self._started.is_set():
            scheduler.turned_out(Operation("is_alive", self._task.token))
            raise RuntimeError("threads can only be started once")
        task = scheduler.spawn(lambda: _run(self, task), self._name, self._daemonic)
        if scheduler.noting is not None:
            scheduler.turned_out(Operation("start", task.token))
        self._task = task
        task.handle = self
        self._ident = task.ident
        self._native_id = task.ident
        self._started.set()
        threading._active[task.ident] = self

    def _run(self: Any, task: Task) -> None:
        _hand_over(self, operations)
        try:
            if threading._trace_hook is None and threading._profile_hook is None:
                self.run()
            else:
                with _traced(threading):
                    self.run()
            _at_end(self, task)
        except Unwind:
            raise
        except BaseException as error:
            if not isinstance(error, SystemExit):
                crashed(task, error)
            if not scheduler.unwinding:
                _tell(self)
            _at_end(self, task)
        finally:
            _has_stopped(self)
            threading._active.pop(task.ident, None)
            task.handle = None  # what is local to the thread goes when its Thread goes

    def _tell(self: Any) -> None:
        """Call the hook for uncaught exceptions; what it raises itself ends the thread, which has ended."""
        try:
            self._invoke_excepthook(self)
        except Unwind:
            raise
        except BaseException:
            pass

    def _at_end(self: Any, task: Task) -> None:
        """Where somebody looks at who is alive, a thread still is after the last thing it has done."""
        if scheduler.end_points and not scheduler.unwinding:
            scheduler.current.subject = self
            scheduler.point(Operation("end", task.token))

    def join(self: Any, timeout: float | None = None) -> None:
        if not self._initialized:
            raise RuntimeError("Thread.__init__() not called")
        if self._task is scheduler.current:
            raise RuntimeError("cannot join current thread")
        deadline = None if timeout is None else scheduler.now + (timeout_ns(timeout) if timeout > 0 else 0)
        scheduler.current.subject = self
        if self._started.is_set():
            scheduler.point(Operation("join", self._task.token), self._task, deadline)
        else:
            scheduler.point(Operation("join", self._lab_token), NotYet(self), deadline)
            if not self._started.is_set():
                raise RuntimeError("cannot join thread before it is started")
            scheduler.turned_out(Operation("join", self._task.token))
        if not (self._task.held or self._task.awaited):
            self._task.awaited = True
            scheduler.unawaited -= 1

    def is_alive(self: Any) -> bool:
        assert self._initialized, "Thread.__init__() not called"
        scheduler.current.subject = self
        if self._started.is_set():
            scheduler.point(Operation("is_alive", self._task.token))
            return bool(self._task.held)
        scheduler.point(Operation("is_alive", self._lab_token))
        if not self._started.is_set():
            return False
        scheduler.turned_out(Operation("is_alive", self._task.token))
        return bool(self._task.held)

    for function in (__init__, __hash__, start, join, is_alive):
        function.__qualname__ = f"Thread.{function.__name__}"
        setattr(thread_class, function.__name__, function)
    thread_class._task = None


class Started:
    """Whether a thread was started; unlike the Event it stands in for, no operation of the program's."""

    __slots__ = ("_flag",)

    def __init__(self) -> None:
        self._flag = False

    def is_set(self) -> bool:
        return self._flag

    def set(self) -> None:
        self._flag = True

    def clear(self) -> None:
        self._flag = False


def _renamed(function: FunctionType, **names: str) -> FunctionType:
    """The function with other globals in place of some that it uses."""
    code = function.__code__
    code = code.replace(co_names=tuple(names.get(name, name) for name in code.co_names))
    renamed = FunctionType(code, function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    renamed.__kwdefaults__ = function.__kwdefaults__
    renamed.__doc__ = function.__doc__
    return renamed


def _hand_over(thread: Any, operations: Operations) -> None:
    """Built-in callables that the program gave to the thread are announced when it calls them."""
    for name in ("_target", "function"):
        given = thread.__dict__.get(name)
        if given is not None and type(given) is not FunctionType:
            setattr(thread, name, operations.calling(given))


@contextmanager
def _traced(threading: Any) -> Iterator[None]:
    """What `threading.settrace` and `setprofile` ask for; the real thread outlives the program's."""
    before = sys.gettrace(), sys.getprofile()
    sys.settrace(threading._trace_hook)
    sys.setprofile(threading._profile_hook)
    try:
        yield
    finally:
        sys.setprofile(before[1])
        sys.settrace(before[0])


def _has_stopped(thread: Any) -> None:
    thread._is_stopped = True  # until 3.12
    if "_handle" in thread.__dict__:  # from 3.13 on
        thread._handle._set_done()


def adopt_main(threading: ModuleType, scheduler: Scheduler) -> None:
    """The running execution's main thread becomes `threading.main_thread()`."""
    threading._active.clear()
    threading._limbo.clear()
    threading._dangling.clear()
    main = threading._main_thread
    task = scheduler.main
    main._task = task
    task.handle = main
    main._ident = main._native_id = task.ident
    main._name = "MainThread"
    main._started = Started()
    main._started.set()
    main.__dict__.pop("_threading_local", None)
    threading._active[task.ident] = main
