"""The world of one program: its private modules, locks, clock and output, ready to be executed again and again.

    world = World(program)
    ending = world.execute(strategy, tail, max_steps=20_000, tail_from=10_000)

One world per process and program. What an execution came to is not judged here (execution.py).
"""

from __future__ import annotations

import gc
import inspect
import io
import re
import sys
from collections.abc import Callable, Iterator
from contextvars import Context
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any, NamedTuple

from harness.bypasses import Bypass
from harness.carriers import FREE_THREADED
from harness.scheduler import Scheduler
from harness.task import Policy, Recorder, Task
from harness.trace import Operation, Step
from harness.unwinding import Unwind
from harness.world.access import hooks
from harness.world.access_attributes import OWNERS, put_back
from harness.world.clock import START
from harness.world.library import OPENABLE, Library, Opened
from harness.world.modules import Modules
from harness.world.points import BETWEEN, Points
from harness.world.process import Process
from harness.world.program import Program, TargetError
from harness.world.rewriting import Rewriting
from harness.world.showing import package_hint, show_error
from harness.world.survey import Survey
from harness.world.variables import Variables, variables

_WHO_IS_ALIVE = re.compile(r"\b(is_alive|active_count|threading\.enumerate)\b")
"""What programs call that look at whether a thread has ended: its end is a step of its own then."""

OUTPUT_LIMIT = 64_000
"""Characters of a program's output that are kept per execution."""

COLLECT_EVERY = 50
"""Executions between two collections of cyclic garbage, which is off while a program runs."""


class Ending(NamedTuple):
    """The raw facts of one execution.

    `bypass` names who was passed over most often, and by whom last. `pending` holds what threads were about to do
    when it was stopped.
    """

    ended: str
    returned: bool
    result: Any
    crashes: list[tuple[str, BaseException]]
    schedule: list[int]
    steps: int
    max_bypass: int
    bypass: Bypass
    output: str
    log: list[Step] | None
    pending: dict[int, Operation]
    threads: tuple[str, ...]
    probed: bool
    order_shows: bool
    unseeded: bool
    unseen: str
    timed: bool
    learned: bool


class Known(NamedTuple):
    """What executions have taught of a program: accesses at these sites conflict; locks are probed (`releases`).

    `arrivals`: who came first to wait for something shows (world/gates.py).
    """

    sites: frozenset[int] = frozenset()
    releases: bool = False
    arrivals: bool = False

    def and_also(self, other: Known) -> Known:
        """What both know."""
        return Known(self.sites | other.sites, self.releases or other.releases, self.arrivals or other.arrivals)


class Output(io.TextIOBase):
    """Stands in for stdout and stderr: keeps the first OUTPUT_LIMIT characters, drops the rest.

    What is written while an execution is unwound is dropped too: the program would never have come there.
    """

    encoding, errors = "utf-8", "replace"

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._parts: list[str] = []
        self._room = OUTPUT_LIMIT

    def write(self, text: str) -> int:
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._room > 0 and not self._scheduler.unwinding:
            self._parts.append(text[: self._room])
            self._room -= len(text)
        return len(text)

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        """The process's own output, for what needs a descriptor; what is written there is not kept."""
        return 1

    def close(self) -> None:
        pass

    @property
    def buffer(self) -> OutputBytes:
        return OutputBytes(self)

    def text(self) -> str:
        return "".join(self._parts) + ("\n[output cut]\n" if self._room < 0 else "")


class OutputBytes(io.BufferedIOBase):
    """`sys.stdout.buffer`."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def write(self, data: Any) -> int:
        self._output.write(bytes(data).decode("utf-8", "replace"))
        return len(data)

    def writable(self) -> bool:
        return True


class World:
    """A program and everything private it runs on. `hot` sites and `probed` locks are remembered across executions."""

    def __init__(self, program: Program, instrumented: tuple[str, ...] = ()) -> None:
        self.program = program
        self._name = program.path.stem
        self.scheduler = Scheduler()
        if "bypass_bound" in program.settings:
            self.scheduler.request_points = self.scheduler.release_points = self.scheduler.arrival_points = True
        self.scheduler.end_points = bool(_WHO_IS_ALIVE.search(program.source))
        self.scheduler.carriers.pooled = not (FREE_THREADED and "__del__" in program.source)
        self.points = Points(self.scheduler)
        self.rewriting = Rewriting()
        points = self.points
        names = hooks(points.access, points.together, points.instead, self._not_seen, points.shows_order)
        opened = Opened.of(instrumented, self.rewriting.rewrite, names, self._started)
        self.library = Library(self.scheduler, self._crashed, opened)
        self.library.operations.unlocked = self._unlocked
        self.library.operations.calling = lambda function: names["_lab_calling"](function, 0)
        self.modules = Modules(
            self.library, names, self.rewriting, program.path.parent, instrumented, points.access, points.not_seen
        )
        self.modules.started = self._started
        self.survey: Survey | None = None
        self._crashes: list[tuple[str, BaseException]] = []
        self._count = 0
        self._process = Process(str(program.path))

    def execute(
        self,
        strategy: Policy,
        tail: Policy,
        *,
        max_steps: int,
        tail_from: int,
        log_steps: bool = False,
        named: bool = False,
        recorder: Recorder | None = None,
        early_timeouts: bool = False,
        on_stop: Callable[[], None] | None = None,
    ) -> Ending:
        """Run the program once. `named`: operations carry tokens that are equal across executions.

        Raises TargetError where the program cannot be loaded.
        """
        self._begin()
        if recorder is not None:
            self.points.token = recorder.token
        state = {"returned": False, "result": None}
        output, out, err = Output(self.scheduler), sys.stdout, sys.stderr
        sys.stdout = sys.stderr = output
        collecting = gc.isenabled()
        gc.disable()
        scheduler = self.scheduler
        try:
            scheduler.run(
                lambda: Context().run(self._body, state),
                strategy,
                tail,
                tail_from=tail_from,
                max_steps=max_steps,
                log_steps=log_steps,
                recorder=recorder,
                early_timeouts=early_timeouts,
                epoch=START,
                on_stop=on_stop,
                on_second=self.take_survey if recorder is None and (named or log_steps) else None,
            )
        finally:
            self.modules.end()
            sys.stdout, sys.stderr = out, err
            self._process.put_back()
            put_back()
            if collecting:
                gc.enable()
        return Ending(
            ended=scheduler.ended,
            returned=state["returned"],  # type: ignore[arg-type]
            result=state["result"],
            crashes=self._crashes,
            schedule=scheduler.schedule,
            steps=scheduler.steps,
            max_bypass=scheduler.bypasses.most,
            bypass=scheduler.bypasses.worst,
            output=output.text(),
            log=scheduler.log,
            pending=scheduler.stopped_at,
            threads=tuple(task.name for task in scheduler.tasks),
            probed=scheduler.probed,
            order_shows=scheduler.order_shows,
            unseeded=scheduler.unseeded,
            unseen=self._unseen(),
            timed=scheduler.timed,
            learned=self.points.learned,
        )

    @property
    def known(self) -> Known:
        """What is in force from the next execution on; may be set to what another world of the program knows."""
        scheduler = self.scheduler
        return Known(frozenset(self.points.hot), scheduler.release_points, scheduler.arrival_points)

    @known.setter
    def known(self, known: Known) -> None:
        self.points.hot, self.points.in_force = set(known.sites), known.sites
        self.scheduler.release_points, self.scheduler.arrival_points = known.releases, known.arrivals

    def frames(self, ident: int) -> Iterator[FrameType]:
        """The program's own frames of the real thread `ident`, innermost first."""
        frame = sys._current_frames().get(ident)
        while frame is not None:
            if frame.f_code.co_filename in self.modules.files:
                yield frame
            frame = frame.f_back

    def roots(self) -> Iterator[Variables]:
        """What a person would call the program's variables, by group: globals, then those of each running function.

        At the end what only passes, and what is in opened modules of the library.
        """
        passing: Variables = []
        inside: list[Variables] = []
        for module in self.modules.loaded():
            names = [(name, value) for name, value in list(module.__dict__.items()) if not name.startswith("__")]
            group = [(module.__name__, module.__dict__), *names]
            if module.__name__.partition(".")[0] in OPENABLE:
                inside.append(group)
            else:
                yield group
        for task, ident in self.scheduler.blocked_frames():
            for frame in reversed(list(self.frames(ident))):
                if frame.f_code.co_name != "<module>":
                    steady, loops = variables(frame)
                    passing += loops
                    yield steady
            if task.handle is not None:
                passing.append((task.name, task.handle))
        yield passing
        yield from inside

    def _started(self, module: ModuleType) -> None:
        self.points.instrumented.add(id(module.__dict__))

    def _not_seen(self, what: str, site: int, later: bool | None = False) -> None:
        """`later` None: it matters only where the site turns out to be in conflict."""
        if later is None:
            self.points.coarse[site] = what
        else:
            self.points.not_seen(what, site, later)

    def _unlocked(self, frame: FrameType) -> None:
        self.points.not_seen(f"{BETWEEN} ({Path(frame.f_code.co_filename).name}:{frame.f_lineno})", 0)

    def _unseen(self) -> str:
        unseen = self.points.unseen
        if unseen is None:
            return ""
        what, number = unseen
        site = self.rewriting.located(number)
        if not site.file:
            return what
        return f"{what} ({Path(site.file).name}:{site.line})"

    def _begin(self) -> None:
        self._count += 1
        if self._count % COLLECT_EVERY == 0:
            gc.collect(0)
        self._crashes = []
        self.survey = None
        self.points.begin()
        OWNERS.clear()
        self.points.token = id
        scheduler = self.scheduler
        scheduler.probed = scheduler.order_shows = scheduler.unseeded = scheduler.timed = False

    def take_survey(self) -> None:
        """Give everything the program can reach now its token and its name."""
        self.survey = self.survey_now()
        self.points.token = self.survey.token

    def survey_now(self) -> Survey:
        """What the program can reach at this moment."""
        return Survey(self.roots(), self.modules.files, {module.__name__ for module in self.modules.loaded()})

    def _body(self, state: dict[str, Any]) -> None:
        main_task = self.scheduler.main
        main = self._load()
        try:
            state["result"] = main()
            state["returned"] = True
        except SystemExit as error:
            if error.code not in (None, 0):
                self._crashed(main_task, error)
        except Unwind:
            raise
        except BaseException as error:
            self._crashed(main_task, error)
        self.library.at_exit()

    def _load(self) -> Callable[[], Any]:
        program = self.program
        self.modules.begin()
        try:
            module = self.modules.load(self._name, program.path, program.source)
        except TargetError:
            raise
        except (Exception, SystemExit, KeyboardInterrupt) as error:
            raise TargetError(self._unloadable(error)) from error
        main = getattr(module, "main", None)
        if not callable(main):
            raise TargetError(f"{program.path}: no main(): a target is a Python file that defines main()")
        if self._count == 1:
            self._check_signature(main)
        return main  # type: ignore[no-any-return]

    def _unloadable(self, error: BaseException) -> str:
        if isinstance(error, SyntaxError) and error.filename in self.modules.files:
            return f"{error.filename}:{error.lineno or 1}: syntax error: {error.msg}"
        hint = package_hint(error, self.program.path)
        return f"{self._where(error)}: {type(error).__name__}: {show_error(error)}{hint}"

    def _check_signature(self, main: Callable[..., Any]) -> None:
        try:
            inspect.signature(main).bind()
        except TypeError as error:
            raise TargetError(f"{self.program.path}: main() must be callable without arguments: {error}") from None
        except ValueError:
            pass

    def _where(self, error: BaseException) -> str:
        where = str(self.program.path)
        traceback = error.__traceback__
        while traceback is not None:
            if traceback.tb_frame.f_code.co_filename in self.modules.files:
                where = f"{traceback.tb_frame.f_code.co_filename}:{traceback.tb_lineno}"
            traceback = traceback.tb_next
        return where

    @property
    def crashes(self) -> list[tuple[str, BaseException]]:
        """Uncaught exceptions of the execution under way, by thread."""
        return self._crashes

    def _crashed(self, task: Task, error: BaseException) -> None:
        if not self.scheduler.unwinding:
            self._crashes.append((task.name, error))
