"""The world's standard library: the running interpreter's own source, executed on the lab's locks.

`threading`, `_threading_local`, `queue` and `concurrent.futures` are not written again: their files
are executed in private modules whose `_thread` and `time` are the lab's. So each Python version
keeps its own semantics. Inside, these modules see `InnerLock`s, which are no scheduling points; what
a program is given is the same classes with one scheduling point at the entry of each public
operation (`public`), so that an operation is one step until it blocks.

`threading` and `queue` are loaded once per process and reset for each execution, because executing
them costs more than a small execution; `concurrent.futures` keeps counters and registries in its
modules and is executed anew in each execution that imports it.
"""

from __future__ import annotations

import builtins
import itertools
import os
import sysconfig
from collections.abc import Callable, Mapping
from functools import cache, wraps
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from harness.scheduler import Scheduler
from harness.task import Task
from harness.trace import Operation
from harness.world import clock, lock, thread

CPUS = 4
"""What `os.cpu_count()` is for the library: pools of one size on every machine."""

THREADING = {
    "Condition": {"wait": "wait", "notify": "notify"},
    "Semaphore": {"acquire": "acquire", "release": "release"},
    "BoundedSemaphore": {"release": "release"},
    "Event": {"is_set": "is_set", "set": "set", "clear": "clear", "wait": "wait"},
    "Barrier": {"wait": "wait", "reset": "reset", "abort": "abort"},
}
"""Public operations by class; those that only call another of them (`notify_all`) have their point there."""

QUEUE = {"put": "put", "get": "get", "task_done": "task_done", "join": "wait", "qsize": "qsize",
         "empty": "empty", "full": "full", "shutdown": "shutdown"}  # fmt: skip

FUTURE = {"cancel": "cancel", "cancelled": "cancelled", "running": "running", "done": "done", "result": "result",
          "exception": "result", "add_done_callback": "add_done_callback", "set_result": "set_result",
          "set_exception": "set_result", "set_running_or_notify_cancel": "run"}  # fmt: skip

EXECUTOR = {"submit": "submit", "shutdown": "shutdown"}


class Library:
    """The private standard modules of one process. `modules` is what a program's imports resolve to."""

    def __init__(self, scheduler: Scheduler, crashed: thread.CrashHandler) -> None:
        self._scheduler = scheduler
        bind = {"scheduler": scheduler, "__slots__": ()}
        self._inner_lock = type("lock", (lock.InnerLock,), {**bind, "__module__": "_thread"})
        self._inner_rlock = type("RLock", (lock.InnerRLock,), {**bind, "__module__": "_thread"})
        self.Lock = type("lock", (lock.Lock,), {**bind, "__module__": "_thread"})
        self.RLock = type("RLock", (lock.RLock,), {**bind, "__module__": "_thread"})
        self.time = clock.module(scheduler)
        self._thread = self._low_level(crashed)
        self._inner: dict[str, ModuleType] = {"_thread": self._thread, "time": self.time, "os": _quiet_os()}
        self.threading = self._execute("threading", self._inner)
        self.threading.local = self._execute("_threading_local", self._inner).local  # type: ignore[attr-defined]
        thread.install(self.threading, scheduler, crashed)
        self.queue = self._execute("queue", self._inner)
        for name in ("Queue", "_PySimpleQueue"):
            self._point(getattr(self.queue, name), QUEUE)
        self.public = self._public_threading()
        self.public_thread = _copy(self._thread, allocate_lock=self.Lock, LockType=self.Lock, RLock=self.RLock)
        self.public_thread._local = self.public.local  # type: ignore[attr-defined]
        self._pristine = [(module, dict(module.__dict__)) for module in (self.threading, self.public, self.queue)]

    def begin(self) -> dict[str, ModuleType]:
        """The stand-ins for a new execution, as they are after a fresh import."""
        for module, names in self._pristine:
            module.__dict__.update(names)
        self.threading._counter = itertools.count(1).__next__  # type: ignore[attr-defined]
        self.threading._threading_atexits.clear()  # type: ignore[attr-defined]
        self.threading._SHUTTING_DOWN = False  # type: ignore[attr-defined]
        thread.adopt_main(self.threading, self._scheduler)
        return {
            "threading": self.public,
            "_thread": self.public_thread,
            "_threading_local": self._inner["_threading_local"],
            "time": self.time,
            "queue": self.queue,
        }

    def at_exit(self) -> None:
        """What the interpreter does when main has returned: thread atexit hooks, then all non-daemon threads."""
        self.threading._SHUTTING_DOWN = True  # type: ignore[attr-defined]
        for hook in reversed(self.threading._threading_atexits):  # type: ignore[attr-defined]
            hook()
        self._scheduler.point(Operation("exit"), thread.Others(self._scheduler))

    def futures(self) -> dict[str, ModuleType]:
        """`concurrent.futures` and its parts, executed anew."""
        inner = {**self._inner, "queue": self.queue}
        package = ModuleType("concurrent.futures")
        package.__path__ = []
        base = inner["concurrent.futures._base"] = self._execute("concurrent.futures._base", inner)
        inner["concurrent.futures"] = package
        package._base = base  # type: ignore[attr-defined]
        pool = self._execute("concurrent.futures.thread", inner)
        self._point(base.Future, FUTURE)
        self._point(pool.ThreadPoolExecutor, EXECUTOR)
        for name in ("wait", "as_completed"):
            setattr(base, name, self._pointed(getattr(base, name), name, method=False))
        for name in _FUTURES_NAMES:
            if hasattr(base, name):
                setattr(package, name, getattr(base, name))
        package.ThreadPoolExecutor = pool.ThreadPoolExecutor  # type: ignore[attr-defined]
        package.thread = pool  # type: ignore[attr-defined]
        concurrent = ModuleType("concurrent")
        concurrent.__path__ = []
        concurrent.futures = package  # type: ignore[attr-defined]
        return {
            "concurrent": concurrent,
            "concurrent.futures": package,
            "concurrent.futures._base": base,
            "concurrent.futures.thread": pool,
        }

    def execute(self, name: str, modules: Mapping[str, ModuleType]) -> ModuleType:
        """A standard module, executed so that its imports come from `modules` first, then from the host."""
        return self._execute(name, dict(modules))

    def _execute(self, name: str, modules: dict[str, ModuleType]) -> ModuleType:
        module = ModuleType(name)
        module.__file__ = str(_source_path(name))
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._importer(modules)}
        module.__package__ = name.rpartition(".")[0]
        modules.setdefault(name, module)
        exec(_code(name), module.__dict__)
        return module

    def _importer(self, modules: dict[str, ModuleType]) -> Callable[..., Any]:
        def importer(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
            if name == "_queue":
                raise ImportError("the pure-Python queue is used")
            if name in modules:
                return modules[name] if fromlist else modules[name.partition(".")[0]]
            return builtins.__import__(name, globals, locals, fromlist, level)

        return importer

    def _low_level(self, crashed: thread.CrashHandler) -> ModuleType:
        """A `_thread` whose locks and threads are the scheduler's."""
        scheduler = self._scheduler
        import _thread as host

        def start_new_thread(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] = {}) -> int:
            if not callable(function):
                raise TypeError("first arg must be callable")
            scheduler.point(Operation("start", ("thread", len(scheduler.tasks))))

            def run() -> None:
                try:
                    function(*args, **kwargs)
                except SystemExit:
                    pass
                except Exception as error:
                    crashed(task, error)

            task: Task = scheduler.spawn(run, f"Thread-raw-{len(scheduler.tasks)}", True)
            return task.ident

        module = _copy(
            host,
            allocate_lock=self._inner_lock,
            allocate=self._inner_lock,
            LockType=self._inner_lock,
            lock=self._inner_lock,
            RLock=self._inner_rlock,
            get_ident=lambda: scheduler.current.ident,
            get_native_id=lambda: scheduler.current.ident,
            start_new_thread=start_new_thread,
            start_new=start_new_thread,
            TIMEOUT_MAX=lock.TIMEOUT_MAX,
            _set_sentinel=self._inner_lock,
            _ThreadHandle=_Handle,
            _make_thread_handle=_Handle,
            _get_main_thread_ident=lambda: 999,
            daemon_threads_allowed=lambda: True,
            interrupt_main=lambda *signal: None,
        )
        module._local = object  # type: ignore[attr-defined]  # replaced once `threading` is there: local needs it
        return module

    def _public_threading(self) -> ModuleType:
        """`threading` as a program sees it: the same, with scheduling points at public operations."""
        inner: Any = self.threading
        public = _copy(inner, Lock=self.Lock, RLock=self.RLock, _allocate_lock=self.Lock)
        names: dict[str, type] = {}
        for name, kinds in THREADING.items():
            base = getattr(inner, name)
            bases = (base, names["Semaphore"]) if name == "BoundedSemaphore" else (base,)
            cls = type(name, bases, {"__module__": "threading", "__doc__": base.__doc__})
            names[name] = cls
            self._point(cls, kinds)
        names["Semaphore"].__enter__ = names["Semaphore"].acquire  # type: ignore[attr-defined]
        rlock, event = self.RLock, names["Event"]
        condition_init = names["Condition"].__init__

        def __init__(self: Any, lock: Any = None) -> None:
            condition_init(self, rlock() if lock is None else lock)

        names["Condition"].__init__ = __init__  # type: ignore[misc]
        names["Condition"].wait = self._reentering(names["Condition"].wait)  # type: ignore[attr-defined]

        class Timer(inner.Timer):  # type: ignore[misc]
            __doc__ = inner.Timer.__doc__

            def __init__(self, *args: Any, **kwargs: Any) -> None:
                super().__init__(*args, **kwargs)
                self.finished = event()

        Timer.__module__, Timer.__qualname__ = "threading", "Timer"
        public.__dict__.update(names, Timer=Timer)
        return public

    def _point(self, cls: type, kinds: Mapping[str, str]) -> None:
        """Give the public operations of `cls` their scheduling point, and its instances a token."""
        scheduler, init = self._scheduler, cls.__init__  # type: ignore[misc]

        @wraps(init)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            self._lab_token = scheduler.new_token()
            init(self, *args, **kwargs)

        cls.__init__ = __init__  # type: ignore[misc]
        for name, kind in kinds.items():
            if hasattr(cls, name):
                setattr(cls, name, self._pointed(getattr(cls, name), kind))

    def _reentering(self, wait: Callable[..., bool]) -> Callable[..., bool]:
        """A Condition's wait that is enabled again only once it was woken and its lock is free: one step, not two."""
        scheduler = self._scheduler

        @wraps(wait)
        def operation(self: Any, timeout: float | None = None) -> bool:
            me = scheduler.current
            outer, me.reentry = me.reentry, self._lock if hasattr(self._lock, "held") else None
            try:
                return wait(self, timeout)
            finally:
                me.reentry = outer

        return operation

    def _pointed(self, function: Callable[..., Any], kind: str, method: bool = True) -> Callable[..., Any]:
        scheduler = self._scheduler

        @wraps(function)
        def operation(*args: Any, **kwargs: Any) -> Any:
            me = scheduler.current
            outer = me.call, me.called
            me.subject = me.called = args[0]
            me.call = pending = Operation(kind, args[0]._lab_token if method else None)
            try:
                scheduler.point(pending)
                return function(*args, **kwargs)
            finally:
                me.call, me.called = outer

        return operation


class _Handle:
    """Stands in for 3.13's `_ThreadHandle`, which the lab's Thread does not use."""

    def __init__(self, ident: int = 0) -> None:
        self.ident = ident

    def is_done(self) -> bool:
        return False

    def _set_done(self) -> None:
        pass


_FUTURES_NAMES = (
    "FIRST_COMPLETED FIRST_EXCEPTION ALL_COMPLETED CancelledError TimeoutError InvalidStateError "
    "BrokenExecutor Future Executor wait as_completed"
).split()


def _copy(module: ModuleType, **names: Any) -> ModuleType:
    copy = ModuleType(module.__name__, module.__doc__)
    copy.__dict__.update(module.__dict__, **names)
    return copy


def _quiet_os() -> ModuleType:
    """`os` for the library: no fork hooks for private modules, and one number of processors."""
    quiet = _copy(os, cpu_count=lambda: CPUS, process_cpu_count=lambda: CPUS)
    del quiet.__dict__["register_at_fork"]
    return quiet


@cache
def _source_path(name: str) -> Path:
    return Path(sysconfig.get_path("stdlib"), *name.split(".")).with_suffix(".py")


@cache
def _code(name: str) -> CodeType:
    path = _source_path(name)
    return compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True)
