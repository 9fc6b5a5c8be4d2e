"""One run of a program, in a process that is thrown away afterwards.

It does what the interpreter would do with the program as a script: execute the module, call `main()`, wait for the
threads that main left behind. Then the oracle judges, one line of JSON goes to the parent, and the process ends
without any clearing up. If it hangs, the watchdog sends that line instead.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import threading
import time
import traceback
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable
from types import CodeType, ModuleType, TracebackType
from typing import Any, NoReturn

from harness.children import locks, scaled_time, stacks
from harness.children.job import End, Home, Job, Run
from harness.children.modules import Modules
from harness.children.perturbation import Perturbation, Plan
from harness.world.program import show_result

LONGEST = 500  # characters of a message that are kept
_clock, _sleep = time.perf_counter, time.sleep  # the wall's, whatever the program's clock will be


class Child:
    """The run with this number. `results` is the descriptor that the one line of JSON goes to."""

    def __init__(self, job: Job, modules: Modules, number: int, results: int) -> None:
        self.job = job
        self.modules = modules
        self.number = number
        self.results = results
        self.pid = os.getpid()
        self.started = _clock()
        self._first_word = allocate_lock()
        self._failures: list[tuple[End, str, str]] = []

    def run(self) -> NoReturn:
        """Run the program and end the process. Nothing that the program raises leaves here."""
        sys.dont_write_bytecode = True
        sys.argv[:] = [self.job.path]
        sys.path[0] = self.modules.home.directory
        sys.meta_path.insert(0, self.modules)  # type: ignore[arg-type]  # a finder by protocol
        threading.excepthook = self._thread_died
        sys.unraisablehook = self._raw_thread_died
        self._set_the_stage()
        self.say(self._judge(self._perform()))

    def say(self, run: Run) -> NoReturn:
        """The run's one line, and the end of the process. Who comes second, main or watchdog, waits to be ended."""
        if os.getpid() != self.pid:
            os._exit(0)  # the program forked, and this is the copy: its result is not the run's
        while not self._first_word.acquire(blocking=False):
            _sleep(1)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError, AttributeError):  # the program closed or replaced it
                pass
        line = json.dumps(run, default=_plain).encode() + b"\n"
        while line:
            line = line[os.write(self.results, line) :]
        os._exit(0)

    def _set_the_stage(self) -> None:
        """The clock's scale and the seed's perturbation; in plain native mode, nothing at all."""
        job = self.job
        if job.time_scale != 1:
            scaled_time.install(job.time_scale)
        if job.mode == "stress":
            plan = Plan.of(job.seed, self.number)
            random.seed(plan.key)
            sys.setswitchinterval(plan.switch_interval)
            perturbation = Perturbation(plan)
            locks.install(self._home, job.time_scale, perturbation.point)
            locks.label_threads(perturbation)
            self.modules.builtins = {}
            perturbation.begin("0")
        elif job.time_scale != 1:
            locks.install(self._home, job.time_scale)

    def _perform(self) -> Any:
        """What main returned, or None; what went wrong is in `_failures`. Ends when every non-daemon thread has."""
        try:
            main = self.modules.program().main
        except BaseException as error:
            self.say(self._ended(End.UNLOADABLE, "", f"{_name_of(error)}{_place(error.__traceback__, self._home)}"))
        result = None
        try:
            result = main(**self.job.parameters)
        except SystemExit as error:
            if error.code not in (None, 0):
                self._note(error, "main")
        except BaseException as error:
            traceback.print_exc()
            self._note(error, "main")
        # As the interpreter does: wake executors' idle workers, then wait for all that are no daemons.
        threading._shutdown()  # type: ignore[attr-defined]
        return result

    def _judge(self, result: Any) -> Run:
        if self._failures:
            return self._ended(*self._failures[0])
        text = show_result(result)
        if self.modules.oracle is not None:
            try:
                _check(self.modules.oracle)(result)
            except AssertionError as error:
                return self._ended(End.VIOLATED, text, _name_of(error))
            except Exception as error:
                return self._ended(End.CRASHED, text, f"the oracle itself failed: {_name_of(error)}")
        return self._ended(End.PASSED, text, "")

    def _ended(self, end: End, text: str, message: str) -> Run:
        return Run(self.number, end, text, message[:LONGEST], _clock() - self.started)

    @property
    def _home(self) -> Home:
        return self.modules.home

    def _note(self, error: BaseException, thread: str) -> None:
        end = End.VIOLATED if isinstance(error, AssertionError) else End.CRASHED
        summary = _name_of(error)
        self._failures.append((end, summary[:LONGEST], f"{summary} in {thread}{_place(error.__traceback__, self._home)}"))

    def _thread_died(self, args: Any) -> None:
        if args.exc_type is not SystemExit:
            traceback.print_exception(args.exc_value)
            self._note(args.exc_value, args.thread.name if args.thread else "a thread")

    def _raw_thread_died(self, args: Any) -> None:
        """Only threads started by `_thread` count: an error in a destructor is noise to the interpreter as well."""
        sys.__unraisablehook__(args)
        if "thread started by" in (args.err_msg or "") and args.exc_value is not None:
            self._note(args.exc_value, "a thread")

    def watch(self, orders: Callable[[], bytes]) -> None:
        """Start the watchdog. orders(): b"1" take a sample, b"2" take another and explain the hang,
        b"!" nothing will ever move: explain it at once, b"" the parent is gone."""
        start_new_thread(self._obey, (orders,))

    def _obey(self, orders: Callable[[], bytes]) -> None:
        earlier: stacks.Sample = {}
        while order := orders():
            if order == b"1":
                earlier = stacks.sample()
            elif order == b"2":
                self._explain(earlier)
            elif not signal.getitimer(signal.ITIMER_REAL)[0]:  # an alarm's handler might still release a lock
                earlier = stacks.sample()
                _sleep(0.002)
                self._explain(earlier)
        os.killpg(0, signal.SIGKILL)

    def _explain(self, earlier: stacks.Sample) -> NoReturn:
        threads = stacks.explain(earlier, get_ident(), self._home, locks.held)
        end = End.SPINNING if any(thread.state == "runs" for thread in threads) else End.BLOCKED
        died = f"; before that: {self._failures[0][2]}" if self._failures else ""
        message = "; ".join(str(thread) for thread in threads)[: 2 * LONGEST] + died
        self.say(Run(self.number, end, str(end), message, _clock() - self.started, stacks=tuple(threads)))


def _check(oracle: CodeType) -> Callable[[Any], None]:
    """`check` of oracle.py, loaded plainly: nothing in it is perturbed."""
    module = ModuleType("oracle")
    module.__file__ = oracle.co_filename
    exec(oracle, module.__dict__)
    check: Callable[[Any], None] = module.check
    return check


def _name_of(error: BaseException) -> str:
    """`ValueError: text`, as a traceback ends."""
    try:
        return f"{type(error).__name__}: {error}".rstrip(": ")
    except Exception:  # its __str__ raises
        return type(error).__name__


def _place(trace: TracebackType | None, home: Home) -> str:
    """` (broken.py:21)`: the innermost line of the program that the exception passed."""
    inside = [frame for frame in traceback.extract_tb(trace) if frame.filename in home]
    return f" ({os.path.basename(inside[-1].filename)}:{inside[-1].lineno})" if inside else ""


def _plain(value: Any) -> Any:
    return vars(value)
