"""The world's standard library: the running interpreter's own source, executed on the lab's locks.

`threading`, `_threading_local`, `queue` and `concurrent.futures` are not written again: their files
are executed in private modules whose `_thread` and `time` are the lab's. So each Python version
keeps its own semantics. The locks that these modules make for themselves are no scheduling points
(lock.py); each public operation has one at its entry (operations.py), so that it is one step until
it blocks.

`threading` and `queue` are loaded once per process and reset for each execution, because executing
them costs more than a small execution; `concurrent.futures` keeps counters and registries in its
modules and is executed anew in each execution that imports it.

A module can be *opened*, to hunt inside it: then it is rewritten like a program, its locks are a
program's locks, and its operations are no longer one step. `threading` opens all, for all stand on it.
Starting, joining and listing threads stays the scheduler's own.
"""

from __future__ import annotations

import builtins
import importlib
import itertools
import os
import signal
import sysconfig
import weakref
from collections.abc import Callable, Iterable, Mapping
from contextlib import nullcontext
from functools import cache
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from harness.scheduler import Scheduler
from harness.task import Task
from harness.trace import Operation
from harness.unwinding import Unwind
from harness.world import clock, lock, standins, thread
from harness.world.operations import QUEUE, Operations

OPENABLE = ("threading", "queue", "concurrent")
"""What can be opened, by top-level name."""


class Opened(NamedTuple):
    """The modules that are opened, and how: `rewrite(source, path)`, the hooks it uses, who is told of a module."""

    names: frozenset[str]
    rewrite: Callable[[str, str], CodeType]
    hooks: Mapping[str, Any]
    started: Callable[[ModuleType], None]

    @classmethod
    def of(cls, instrumented: Iterable[str], *how: Any) -> Opened | None:
        """What is opened where these names are instrumented, or None."""
        names = {name.partition(".")[0] for name in instrumented}.intersection(OPENABLE)
        return cls(frozenset(OPENABLE if "threading" in names else names), *how) if names else None


class Library:
    """The private standard modules of one process. `modules` is what a program's imports resolve to."""

    def __init__(self, scheduler: Scheduler, crashed: thread.CrashHandler, opened: Opened | None = None) -> None:
        self.scheduler = scheduler
        self._crashed = crashed
        self._opened = opened
        self.files: set[str] = set()
        """Those of the opened modules."""
        self._references: list[Any] = []
        self._rewritten: dict[str, CodeType] = {}
        self._own: set[int] = set()
        self.tracer: Callable[..., Any] | None = None
        self.operations = Operations(scheduler, self._own)
        self.Lock, self.RLock = lock.classes(scheduler, self._own)
        self.time = clock.module(scheduler)
        self._of_raw_threads = _OfRawThreads(scheduler)
        self._thread = self._low_level(crashed)
        if opened is None:
            self._load()

    def _load(self) -> None:
        self._own.clear()
        self._thread._local = lambda: self._of_raw_threads  # until there is `threading.local`
        self._inner: dict[str, ModuleType] = {"_thread": self._thread, "time": self.time, "os": _quiet_os()}
        self.threading = threading = self._library_module("threading", self._inner)
        beneath = self._library_module("_threading_local", self._inner)
        beneath.RLock = nullcontext  # nothing comes between what it would guard
        if self._opens("threading"):  # it stands in for one in C, which has no steps
            beneath.current_thread = self._current_thread
        local = beneath.local
        threading.local = self._thread._local = local
        threading.RLock = threading._CRLock = self.RLock
        thread.install(threading, self.scheduler, self._crashed, self.operations)
        self.operations.listing(threading)
        if not self._opens("threading"):
            self.operations.threading(threading)
        self.queue = self._library_module("queue", self._inner)
        for name in () if self._opens("queue") else ("Queue", "_PySimpleQueue"):
            self.operations.of_class(getattr(self.queue, name), QUEUE)
        self._pristine = [
            (module, dict(module.__dict__)) for module in (self._thread, threading, self.queue, self.time)
        ]
        self._lasting = frozenset(self._own)

    def _current_thread(self) -> Any:
        return self.scheduler.current.handle or self.threading.current_thread()

    def _opens(self, name: str) -> bool:
        return self._opened is not None and name.partition(".")[0] in self._opened.names

    def begin(self) -> dict[str, ModuleType]:
        """The stand-ins for a new execution, as they are after a fresh import."""
        if self._opened is not None:
            self._load()  # what opened modules keep is the program's, and must not outlast an execution
        for module, names in self._pristine:
            if len(module.__dict__) != len(names):
                module.__dict__.clear()
            module.__dict__.update(names)
        if len(self._own) != len(self._lasting):
            self._own.intersection_update(self._lasting)
        threading = self.threading
        threading._counter = itertools.count(1).__next__
        threading._threading_atexits.clear()
        threading._SHUTTING_DOWN = False
        if self.tracer is not None:
            threading._trace_hook = self.tracer
        self._of_raw_threads.values.clear()
        self._references.clear()
        thread.adopt_main(threading, self.scheduler)
        return {
            "threading": threading,
            "_thread": self._thread,
            "_threading_local": self._inner["_threading_local"],
            "time": self.time,
            "queue": self.queue,
        }

    def at_exit(self) -> None:
        """What the interpreter does when main has returned: thread atexit hooks, then all non-daemon threads."""
        self.threading._SHUTTING_DOWN = True
        try:
            for hook in reversed(getattr(self.threading, "_threading_atexits", ())):
                hook()
        except Unwind:
            raise
        except BaseException:  # the interpreter reports it, and waits for nobody then
            return
        self.scheduler.point(Operation("exit"), thread.Others(self.scheduler))

    def futures(self) -> dict[str, ModuleType]:
        """`concurrent.futures` and its parts, executed anew."""
        inner = {**self._inner, "queue": self.queue}
        package = ModuleType("concurrent.futures")
        package.__path__ = []
        base = inner["concurrent.futures._base"] = self._library_module("concurrent.futures._base", inner)
        inner["concurrent.futures"] = package
        package._base = base  # type: ignore[attr-defined]
        pool = self._library_module("concurrent.futures.thread", inner)
        if self._opens("concurrent"):
            self.operations.numbering(base.Future)
        else:
            self.operations.futures(base, pool)
            failed = pool.ThreadPoolExecutor._initializer_failed
            self._shadow = type("ThreadPoolExecutor", (), {"_initializer_failed": failed})
            pool.weakref = standins.copied(weakref, ref=self._reference)
        # Sets of futures, and the order in which `wait` locks them, go by creation, not by address.
        base.Future.__hash__ = base.id = lambda future: vars(future).get("_lab_token", 0)
        for name in _FUTURES_NAMES:
            if hasattr(base, name):
                setattr(package, name, getattr(base, name))
        package.__getattr__ = _of_host  # type: ignore[method-assign]  # processes are outside of the lab
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

    def _reference(self, obj: Any, callback: Callable[[Any], None]) -> Callable[[], Any]:
        """A worker's weak reference to its executor: a look at it is in conflict with the executor's end.

        It gives what the executor has, and not the executor, and it lasts longer than the worker. Else who lets go of
        which of them last would tell who wakes the workers, or whether anybody does, and nothing of that is a step.
        """
        scheduler, token = self.scheduler, self.scheduler.new_token()

        def gone(reference: Any) -> None:
            if not scheduler.unwinding:  # there is nobody left to tell
                scheduler.touch(token)
                callback(reference)

        def look() -> Any:
            scheduler.touch(token, "r")
            executor = reference()
            if executor is None:
                return None
            seen = self._shadow()
            seen.__dict__ = executor.__dict__
            return seen

        reference = weakref.ref(obj, gone)
        self._references.append(reference)
        return look

    def _library_module(self, name: str, modules: dict[str, ModuleType]) -> Any:
        """A module whose code is the library's own."""
        module = ModuleType(name)
        module.__file__ = str(_source_path(name))
        module.__dict__["__builtins__"] = {**vars(builtins), "__import__": self._importer(modules)}
        module.__package__ = name.rpartition(".")[0]
        modules.setdefault(name, module)
        self._own.add(id(module.__dict__))
        if self._opens(name):
            self._open(name, module)
        else:
            exec(_code(name), module.__dict__)
        return module

    def _open(self, name: str, module: ModuleType) -> None:
        """Execute the module as a program's. To be imported is no step: until then it is the library's own."""
        assert self._opened is not None
        if name not in self._rewritten:
            self.files.add(str(_source_path(name)))
            self._rewritten[name] = self._opened.rewrite(_source(name), str(_source_path(name)))
        module.__dict__["__builtins__"].update(self._opened.hooks)
        self._opened.started(module)
        exec(self._rewritten[name], module.__dict__)
        self._own.discard(id(module.__dict__))
        thread_class: Any = self._inner["threading"].Thread
        for value in vars(module).values():
            if isinstance(value, type) and value.__module__ == name and not issubclass(value, thread_class):
                value._lab_opened = True  # type: ignore[attr-defined]

    def _importer(self, modules: dict[str, ModuleType]) -> Callable[..., Any]:
        def importer(name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
            if name == "_queue":
                raise ImportError("the pure-Python queue is used")
            if name in modules:
                return modules[name] if fromlist else modules[name.partition(".")[0]]
            return builtins.__import__(name, globals, locals, fromlist, level)

        return importer

    def _low_level(self, crashed: thread.CrashHandler) -> Any:
        """A `_thread` whose locks and threads are the scheduler's."""
        scheduler = self.scheduler
        import _thread as host

        def start_new_thread(function: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any] = {}) -> int:
            if not callable(function):
                raise TypeError("first arg must be callable")
            scheduler.point(Operation("start", ("thread", len(scheduler.tasks))))

            def run() -> None:
                try:
                    function(*args, **kwargs)
                except (SystemExit, Unwind):
                    pass
                except BaseException as error:
                    crashed(task, error)
                finally:
                    self._of_raw_threads.forget(task)

            task: Task = scheduler.spawn(run, f"Thread-raw-{len(scheduler.tasks)}", True)
            scheduler.turned_out(Operation("start", task.token))
            return task.ident

        module = standins.copied(
            host,
            allocate_lock=self.Lock,
            allocate=self.Lock,
            LockType=self.Lock,
            lock=self.Lock,
            RLock=self.RLock,
            get_ident=lambda: scheduler.current.ident,
            get_native_id=lambda: scheduler.current.ident,
            _count=self.operations.counting(lambda: len(scheduler.live) - 1),
            start_new_thread=start_new_thread,
            start_new=start_new_thread,
            TIMEOUT_MAX=lock.TIMEOUT_MAX,
            _set_sentinel=self.Lock,
            _ThreadHandle=_Handle,
            _make_thread_handle=_Handle,
            _get_main_thread_ident=lambda: 999,
            daemon_threads_allowed=lambda: True,
            interrupt_main=_interrupt_main,
        )
        for name in ("_excepthook", "_ExceptHookArgs"):  # `threading` has them in Python, too, on its own idents
            del module.__dict__[name]
        for name in ("get_ident", "get_native_id"):
            module.__dict__[name].__module__ = "_thread"
        return module


def _interrupt_main(number: int = signal.SIGINT) -> None:
    """As the interpreter's: nothing where the signal is not handled in Python."""
    if callable(signal.getsignal(number)):
        os.kill(os.getpid(), number)


class _OfRawThreads:
    """What 3.13's `threading` itself keeps for threads that `_thread` started, by thread."""

    values: dict[int, dict[str, Any]]
    _scheduler: Scheduler

    def __init__(self, scheduler: Scheduler) -> None:
        self.__dict__.update(_scheduler=scheduler, values={})

    def __setattr__(self, name: str, value: Any) -> None:
        self.values.setdefault(self._scheduler.current.index, {})[name] = value

    def forget(self, task: Task) -> None:
        """The thread has ended."""
        self.values.pop(task.index, None)


class _Handle:
    """Stands in for 3.13's `_ThreadHandle`, which the lab's Thread does not use."""

    def __init__(self, ident: int = 0) -> None:
        self.ident = ident

        self._done = False

    def is_done(self) -> bool:
        return self._done

    def _set_done(self) -> None:
        self._done = True


_FUTURES_NAMES = [
    "FIRST_COMPLETED",
    "FIRST_EXCEPTION",
    "ALL_COMPLETED",
    "CancelledError",
    "TimeoutError",
    "InvalidStateError",
    "BrokenExecutor",
    "Future",
    "Executor",
    "wait",
    "as_completed",
]


def _of_host(name: str) -> Any:
    """What a private `concurrent.futures` does not have."""
    return getattr(importlib.import_module("concurrent.futures"), name)


def _quiet_os() -> ModuleType:
    """`os` for the library: no fork hooks for private modules."""
    quiet = standins.system()
    del quiet.__dict__["register_at_fork"]
    return quiet


@cache
def _source_path(name: str) -> Path:
    return Path(sysconfig.get_path("stdlib"), *name.split(".")).with_suffix(".py")


@cache
def _code(name: str) -> CodeType:
    return compile(_source(name), str(_source_path(name)), "exec", dont_inherit=True)


def _source(name: str) -> str:
    return _source_path(name).read_text(encoding="utf-8")
