"""One run of a program in this process, judged: what the interpreter would do with it as a script, then the oracle."""

from __future__ import annotations

import importlib
import inspect
import os
import random
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from itertools import count, islice
from types import CodeType, FunctionType, ModuleType, TracebackType
from typing import Any

from harness.children import locks, scaled_time
from harness.children.core import stay_on_one_core
from harness.children.job import End, Home, Job, Run, cut_short
from harness.children.modules import Modules, import_ahead
from harness.children.perturbation import Perturbation, Plan
from harness.crashes import ROOM, is_of_the_limits
from harness.world.showing import package_hint, show_error, show_result

_HARNESS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
_BY_NAME = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
LONGEST = 500  # characters of a message that are kept
_make_invoker: Callable[[], Callable[[threading.Thread], None]] = threading._make_invoke_excepthook  # type: ignore[attr-defined]
_clock = time.perf_counter  # the wall's, whatever the program's clock will be


class Stage:
    """The process as the program finds it: set once, in the process that forks, and made as new before each run."""

    def __init__(self, job: Job) -> None:
        import_ahead(job.ahead)
        # The hooks are a large part of the harness, for which no fork of an unperturbed program should pay.
        access = importlib.import_module("harness.world.access") if job.mode == "stress" else None
        self.job = job
        self.modules = modules = Modules(job)
        self.perturbation = Perturbation() if job.mode == "stress" else None
        sys.dont_write_bytecode = True
        sys.argv[:] = [job.path]
        sys.path[0] = modules.home.directory
        sys.meta_path.insert(0, modules)
        if self.perturbation and access:
            modules.builtins = access.hooks(self.perturbation.access)

    def enter(self) -> None:
        """The calling process is the one in which the program runs. (A fork gives `threading` new locks of its own.)"""
        if self.perturbation:
            stay_on_one_core()
        if self.job.time_scale != 1:
            scaled_time.install(self.job.time_scale)
        if self.perturbation or self.job.time_scale != 1:
            locks.install(self.modules.home, self.job.time_scale, self.perturbation)
        self._main = dict(vars(threading.main_thread()))

    def renew(self, number: int) -> None:
        """Make the process ready for run `number`."""
        self.modules.forget()
        main = vars(threading.main_thread())  # a run may have given it a name
        main.clear()
        main.update(self._main)
        threading._counter = count(1).__next__  # type: ignore[attr-defined]  # "Thread-1" is every run's first
        if "concurrent.futures.thread" in sys.modules:
            sys.modules["concurrent.futures.thread"].ThreadPoolExecutor._counter = count().__next__
        plan = Plan.of(self.job.seed, number)
        random.seed(plan.key)
        if self.perturbation:
            self.perturbation.follow(plan)


class Performance:
    """Run `number`: `run` performs and judges it; `failures` tells meanwhile which threads have died, and of what."""

    def __init__(self, stage: Stage, number: int) -> None:
        self.number = number
        self.failures: list[tuple[End, str, str]] = []
        self.over = False  # True once this process has been told that its main thread is done: no run can follow
        self.started = _clock()
        self._parameters = stage.job.parameters
        self._modules = stage.modules
        self._home: Home = stage.modules.home

    def run(self) -> Run:
        threading.excepthook = _tell
        threading._make_invoke_excepthook = self._invoker  # type: ignore[attr-defined]
        sys.unraisablehook = self._raw_thread_died
        try:
            main: Any = getattr(self._modules.program(), "main", None)
        except BaseException as error:
            hint = package_hint(error, self._modules.path)
            why = f"cannot be loaded: {_name_of(error)}{_place(error.__traceback__, self._home)}{hint}"
            return self.ended(End.UNLOADABLE, "", why)
        if why := _misfit(main, self._parameters):
            return self.ended(End.UNLOADABLE, "", why)
        result = self._perform(main)
        if self.failures:
            return self.ended(*(self.limited() or self.failures[0]))
        return self._judge(result)

    def ended(self, end: End, text: str, message: str) -> Run:
        return Run(self.number, end, text, message[:LONGEST], _clock() - self.started)

    def limited(self) -> tuple[End, str, str] | None:
        """What a thread has died of for lack of room, which is the lab's doing."""
        return next((failure for failure in self.failures if failure[0] is End.UNFINISHED), None)

    def _perform(self, main: Callable[..., Any]) -> Any:
        """What main returned, or None; what went wrong is in `failures`. Ends when every non-daemon thread has."""
        result = None
        try:
            result = main(**self._parameters)
        except SystemExit as error:
            if error.code not in (None, 0):
                self._note(error, "main")
        except BaseException as error:
            _print(error)
            self._note(error, "main")
        if threading.active_count() > 1:
            # As the interpreter does: wake executors' idle workers, then wait for all that are no daemons.
            threading._shutdown()  # type: ignore[attr-defined]
            self.over = True
        return result

    def _judge(self, result: Any) -> Run:
        text = show_result(result)
        try:
            if self._modules.oracle is not None:
                _check(self._modules.oracle)(result)
        except AssertionError as error:
            return self.ended(End.VIOLATED, text, _name_of(error))
        except BaseException as error:
            return self.ended(End.CRASHED, text, f"the oracle itself failed: {_name_of(error)}")
        return self.ended(End.PASSED, text, "")

    def _note(self, error: BaseException, thread: str) -> None:
        end = End.VIOLATED if isinstance(error, AssertionError) else End.CRASHED
        summary = _name_of(error)[:LONGEST]
        if is_of_the_limits(error):
            end, summary = End.UNFINISHED, cut_short(f"{summary}; {ROOM}")
        self.failures.append((end, summary, f"{summary} in {thread}{_place(error.__traceback__, self._home)}"))

    def _invoker(self) -> Callable[[threading.Thread], None]:
        """What a thread calls when it dies of an exception: it is noted, whatever hook the program has put in place."""
        invoke = _make_invoker()

        def noted(thread: threading.Thread) -> None:
            error = sys.exc_info()[1]
            if error is not None and not isinstance(error, SystemExit):
                self._note(error, thread.name)
            invoke(thread)

        return noted

    def _raw_thread_died(self, args: Any) -> None:
        """Only threads started by `_thread` count: an error in a destructor is noise to the interpreter as well."""
        sys.__unraisablehook__(args)
        if "thread started by" in (args.err_msg or "") and args.exc_value is not None:
            self._note(args.exc_value, "a thread")


def _misfit(main: Any, parameters: Mapping[str, Any]) -> str:
    """Why `main(**parameters)` cannot be called; empty if it can."""
    if isinstance(main, FunctionType) and not parameters and _needs_none(main):
        return ""  # the usual case, without a walk through `inspect`
    if not callable(main):
        return "no main(): a target is a Python file that defines main()"
    try:
        signature = inspect.signature(main)
    except (TypeError, ValueError):  # not written in Python
        return ""
    try:
        signature.bind(**parameters)
        return "".join(islice(_unlike_defaults(signature, parameters), 1))
    except TypeError as error:
        known = [name for name, parameter in signature.parameters.items() if parameter.kind in _BY_NAME]
        for name in parameters:
            if name not in known:
                return f"main() has no parameter {name!r}, it takes {', '.join(known) or 'none'}"
        given = f"with {', '.join(parameters)} only" if parameters else "without arguments"
        return f"main() must be callable {given}: {error}"


def _unlike_defaults(signature: inspect.Signature, parameters: Mapping[str, Any]) -> Iterator[str]:
    """Values of another kind than the parameter's default: a program that fails of these has shown nothing."""
    for name, value in parameters.items():
        default = signature.parameters[name].default if name in signature.parameters else None
        kind = (int, float) if type(default) is float else type(default)
        if isinstance(default, (int, float, str)) and not isinstance(value, kind):
            yield f"main({name}={default!r}) takes no {value!r}: it is of another kind than the default"


def _needs_none(main: FunctionType) -> bool:
    return main.__code__.co_argcount == len(main.__defaults__ or ()) and not main.__code__.co_kwonlyargcount


def _check(oracle: CodeType) -> Callable[[Any], None]:
    """`check` of oracle.py, loaded plainly: nothing in it is perturbed."""
    module = ModuleType("oracle")
    module.__file__ = oracle.co_filename
    exec(oracle, module.__dict__)
    check: Callable[[Any], None] = module.check
    return check


def _tell(args: Any) -> None:
    if not issubclass(args.exc_type, SystemExit):
        _print(args.exc_value)


def _print(error: BaseException) -> None:
    """The traceback as the interpreter prints it, without the frames that are the harness's."""
    told = traceback.TracebackException.from_exception(error)
    told.stack = traceback.StackSummary.from_list([f for f in told.stack if not f.filename.startswith(_HARNESS)])
    try:
        print("".join(told.format()), end="", file=sys.stderr)
    except Exception:  # the program put something else in its place
        pass


def _name_of(error: BaseException) -> str:
    """`ValueError: text`, as a traceback ends."""
    return f"{type(error).__name__}: {show_error(error)}".rstrip(": ")


def _place(trace: TracebackType | None, home: Home) -> str:
    """` (broken.py:21)`: the innermost line of the program that the exception passed."""
    inside = [frame for frame in traceback.extract_tb(trace) if frame.filename in home]
    return f" ({os.path.basename(inside[-1].filename)}:{inside[-1].lineno})" if inside else ""
