"""Free threads, counted: what a program does natively on this machine, and under seeded perturbation.

Each run is made in a child process (harness/children); what the runs came to is counted here, and said with the
confidence that their number allows (harness/rates.py). A stress seed repeats the *inputs* of a run, its pauses and
its random numbers. The schedule remains the operating system's: only a witness of a controlled search repeats that.
"""

from __future__ import annotations

import ast
import functools
import os
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, NamedTuple

from harness.budget import Budget
from harness.children.interpreter import Interpreter
from harness.children.job import End, Job, Run, Waiting
from harness.children.parents import Parents
from harness.children.preparing import prepared
from harness.children.timed import by_the_clock
from harness.rates import Rate, rate
from harness.world.program import Program, TargetError

MODES = ("stress", "native")
PILOT = 1.5  # seconds, in which a run that takes one is over on a machine that is not quite idle, too
SCALES = (1.0, 10.0, 100.0, 1000.0)
_UNTIL = re.compile(r"(\d+)[- ]?(?:failures?)?")


@dataclass
class Tally:
    """The runs counted so far: what `progress` is shown."""

    runs: int = 0
    failed: int = 0  # the hung ones included
    hung: int = 0
    unfinished: int = 0  # neither failed nor passed
    outcomes: Counter[str] = field(default_factory=Counter)
    ends: dict[str, End] = field(default_factory=dict)
    first_failure: Run | None = None
    first_hang: Run | None = None
    first_unfinished: Run | None = None

    def add(self, run: Run) -> None:
        self.runs += 1
        self.outcomes[run.text] += 1
        if self.ends.get(run.text, End.PASSED) is End.PASSED:
            self.ends[run.text] = run.end
        if run.end is End.UNFINISHED:
            self.unfinished += 1
            self.first_unfinished = self.first_unfinished or run
        if run.end.failed:
            self.failed += 1
            self.first_failure = self.first_failure or run
        if run.end.hung:
            self.hung += 1
            self.first_hang = self.first_hang or run


@dataclass(frozen=True)
class Bar:
    """One line of the histogram: what main returned (or how the run failed), how often, and what it ended as."""

    text: str
    count: int
    end: End

    @property
    def allowed(self) -> bool:
        return self.end is End.PASSED


@dataclass(frozen=True)
class StressResult:
    """What the runs of one program came to.

    interval: the rate of failed runs, hung ones included, with its 95% bounds, among those that came to an end or hung.
    unfinished: runs that were getting on, or asleep, at their deadline. first_failure: 1-based number of a run. stacks:
    the threads of the first hung run, or else of the first unfinished one. message, output: the first failed run's.
    late: the failures have been looked into, and were the machine's (see harness/reproduce.py).
    """

    target: str
    program_digest: str
    mode: str
    seed: int
    interpreter: Interpreter
    runs: int
    failed: int
    hung: int
    interval: Rate
    histogram: tuple[Bar, ...]
    first_failure: int | None
    message: str
    output: str
    stacks: tuple[Waiting, ...]
    stopped_by: str  # "budget" or "until"
    time_scale: float
    timeout: float
    parameters: Mapping[str, Any]
    seconds: float
    unfinished: int = 0
    by_the_clock: bool = False  # the program's source has to do with time
    late: bool = False

    @property
    def rate(self) -> float:
        return self.interval.value

    @property
    def low(self) -> float:
        return self.interval.low

    @property
    def high(self) -> float:
        return self.interval.high

    @property
    def outcomes(self) -> dict[str, int]:
        return {bar.text: bar.count for bar in self.histogram}

    @property
    def runs_per_second(self) -> float:
        return self.runs / self.seconds if self.seconds else 0.0

    def notes(self) -> list[str]:
        """What has to be said so that nobody takes the numbers for more than they are."""
        notes = []
        ended = self.runs > self.unfinished
        if self.mode == "native" and ended and not self.failed and (why := self.interpreter.why_it_may_hide()):
            notes.append(why)
        if self.mode == "stress":
            inputs = f"Seed {self.seed} repeats these runs' inputs (pauses, random numbers)"
            notes.append(f"{inputs}, only a witness repeats a schedule.")
        if self.time_scale != 1:
            notes.append(f"The program's clock ran {self.time_scale:g} times as fast as the wall's (--time-scale).")
        late = self.outcomes.get(str(End.UNFINISHED), 0)
        if late:
            runs = f"{late:,} run{'s were' if late > 1 else ' was'}"
            notes.append(
                f"{runs} still getting on, or asleep, after {self.timeout:g} s (--timeout): neither passed nor failed."
            )
        for bar in self.histogram:
            if bar.end is End.UNFINISHED and bar.text != str(End.UNFINISHED):
                runs = f"{bar.count:,} run{'s say' if bar.count > 1 else ' says'}"
                notes.append(f"{runs} nothing of the program: {bar.text.removeprefix(f'{End.UNFINISHED}: ')}.")
        if self.by_the_clock and self.failed > self.hung:
            notes.append(
                "The program goes by the clock: what fails may be this machine's lateness. A clock that runs slower"
                " gives it more time (--time-scale 0.2)."
            )
        return notes

    def to_json(self) -> dict[str, Any]:
        """The document of `stress --json`."""
        return {
            "target": self.target,
            "program_digest": self.program_digest,
            "python": self.interpreter.name,
            "gil": self.interpreter.gil,
            "cores": self.interpreter.cores,
            "mode": self.mode,
            "seed": self.seed,
            "runs": self.runs,
            "failed": self.failed,
            "hung": self.hung,
            "unfinished": self.unfinished,
            "rate": self.rate,
            "low": self.low,
            "high": self.high,
            "outcomes": self.outcomes,
            "allowed": {bar.text: bar.allowed for bar in self.histogram if bar.end is not End.UNFINISHED},
            "first_failure": self.first_failure,
            "message": self.message,
            "output": self.output,
            "stacks": [{**vars(waiting), "frames": list(waiting.frames)} for waiting in self.stacks],
            "stopped_by": self.stopped_by,
            "time_scale": self.time_scale,
            "late": self.late,
            "timeout": self.timeout,
            "parameters": dict(self.parameters),
            "notes": self.notes(),
            "seconds": self.seconds,
            "runs_per_second": self.runs_per_second,
        }


def stress(
    program: Program,
    *,
    mode: str = "stress",
    seed: int = 0,
    budget: Budget,
    timeout: float = 10.0,
    jobs: int = 1,
    until: str | int | None = None,
    time_scale: float | None = None,
    parameters: Mapping[str, Any] | None = None,
    progress: Callable[[Tally], object] | None = None,
    spawn: bool = False,
    parents: Parents | None = None,
    repeat: int | None = None,
) -> StressResult:
    """Run the program's `main(**parameters)` again and again with free threads, and count.

    mode: "stress" perturbs every run by (seed, its number); "native" leaves the threads alone. In both, random numbers
    that the program does not seed follow from (seed, its number).
    budget: no run is begun when it is spent; one that is going on still has its `timeout` (seconds, of the wall).
    until: "20-failures" ends the series earlier, after that failure. time_scale: seconds of the program's clock in
    one second; if None, the scenario's own or the smallest of SCALES with which a run takes at most about a second.
    Runs are counted in the order of their numbers and `jobs` (processes) changes their speed only. parents: warm
    parents that several series share, instead of `jobs` new ones; spawn: a new interpreter for every run, no fork.
    repeat: this run (0-based), again and again, instead of the first, the second, the third.
    Raises TargetError where the program cannot be run at all, ValueError for options that make no sense.
    """
    enough = parse_until(until)
    job = _job(program, mode, seed, budget, timeout, dict(parameters or {}), spawn)
    if repeat is not None:
        job = replace(job, first=repeat, step=0)
    tally = Tally()
    with nullcontext(parents) if parents else Parents(jobs) as parents:
        job = replace(job, time_scale=_time_scale(program, time_scale, parents, job))
        began = time.monotonic()
        with closing(parents.runs(job)) as runs:
            for run in runs:
                if run.end is End.UNLOADABLE:
                    if not tally.runs:
                        raise TargetError(f"{program.path}: {run.message}")
                    run = replace(run, end=End.CRASHED, text=run.message)  # it could be loaded before
                tally.add(run)
                if progress:
                    progress(tally)
                if enough is not None and tally.failed >= enough:
                    break
            seconds = time.monotonic() - began
    stopped_by = "until" if enough is not None and tally.failed >= enough else "budget"
    return _result(program, job, tally, seconds, stopped_by)


class SweepRow(NamedTuple):
    value: Any
    result: StressResult


def sweep(
    program: Program,
    parameter: str,
    values: Iterable[Any],
    *,
    jobs: int = 1,
    parameters: Mapping[str, Any] | None = None,
    progress: Callable[[Any, Tally], object] | None = None,
    **options: Any,
) -> Iterator[SweepRow]:
    """`stress` with `main(parameter=value)` for each value, one after the other; row after row, as they are measured.

    The budget and the other options of `stress` hold for each row; `progress` is told the value beside the tally.
    """
    with Parents(jobs) as parents:
        for value in values:
            told = functools.partial(progress, value) if progress else None
            row = {**(parameters or {}), parameter: value}
            yield SweepRow(value, stress(program, parameters=row, progress=told, parents=parents, **options))


def parse_sweep(text: str) -> tuple[str, list[Any]]:
    """`threads=2,4,8` → ("threads", [2, 4, 8]); text is quoted as in Python. Raises ValueError with one clear line."""
    name, _, values = text.partition("=")
    name = name.strip()
    try:
        found = list(ast.literal_eval(f"({values.strip()},)"))
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        found = []
    if not (name.isidentifier() and found and all(isinstance(value, (int, float, str)) for value in found)):
        raise ValueError(f"sweep {text!r} is not understood: write NAME=VALUE,VALUE,… as in threads=2,4,8")
    if not all(0 < value < inf for value in found if not isinstance(value, (str, bool))):
        raise ValueError(f"sweep {text!r} has a value that is no load: numbers have to be above 0, and finite")
    if repeated := [value for value in found if found.count(value) > 1]:
        raise ValueError(f"sweep {text!r} has {repeated[0]!r} twice")
    return name, found


def parse_until(until: str | int | None) -> int | None:
    """`20-failures` → 20. Raises ValueError with one clear line."""
    if until is None:
        return None
    found = _UNTIL.fullmatch(str(until).strip())
    if found is None or not int(found[1]):
        raise ValueError(f"until {until!r} is not understood: write 20-failures")
    return int(found[1])


def _job(
    program: Program, mode: str, seed: int, budget: Budget, timeout: float, parameters: dict[str, Any], spawn: bool
) -> Job:
    if mode not in MODES:
        raise ValueError(f"mode {mode!r} is not one of {', '.join(MODES)}")
    if timeout <= 0:
        raise ValueError(f"a timeout of {timeout:g} s leaves no time to run")
    if budget.seconds is None and budget.executions is None:
        raise ValueError("free threads need a budget: there is always one more run")
    oracle = str(program.oracle) if program.oracle else None
    path = str(program.path)
    spawn = spawn or not hasattr(os, "fork")
    limits = (budget.executions, budget.seconds, spawn)
    try:
        ready = prepared(path, program.source, oracle, mode)
    except (SyntaxError, ValueError, OSError) as error:
        raise TargetError(f"{program.path}: cannot be run: {error}") from None
    return Job(path, *ready, oracle, mode, seed, timeout, 1.0, parameters, 0, 1, *limits)


def _time_scale(program: Program, wished: float | None, parents: Parents, job: Job) -> float:
    """The scale asked for, or the scenario's, or the smallest with which an unperturbed run takes PILOT seconds."""
    wished = wished if wished is not None else program.settings.get("time_scale")
    if wished is not None:
        if not wished > 0:
            raise ValueError(f"a time scale of {wished} would make the clock stand still")
        return float(wished)
    if not by_the_clock(program.source):
        return 1.0
    plain = prepared(job.path, program.source, job.oracle, "native")._asdict()
    pilot = replace(job, mode="native", **plain, timeout=PILOT, count=1, seconds=None)
    for scale in SCALES:
        (run,) = parents.runs(replace(pilot, time_scale=scale))
        if not (run.end.hung or run.end is End.UNFINISHED) or run.seconds < PILOT / 2:
            return scale
    return SCALES[1]  # it hangs however fast its clock runs


def _result(program: Program, job: Job, tally: Tally, seconds: float, stopped_by: str) -> StressResult:
    failure = tally.first_failure
    shown = tally.first_hang or tally.first_unfinished
    histogram = tuple(
        Bar(text, count, tally.ends[text])
        for text, count in sorted(tally.outcomes.items(), key=lambda item: (-item[1], item[0]))
    )
    return StressResult(
        target=program.name,
        program_digest=program.digest,
        mode=job.mode,
        seed=job.seed,
        interpreter=Interpreter.running(),
        runs=tally.runs,
        failed=tally.failed,
        hung=tally.hung,
        interval=rate(tally.failed, tally.runs - tally.unfinished, stopped_by == "until"),
        histogram=histogram,
        first_failure=failure.number + 1 if failure else None,
        message=failure.message if failure else "",
        output=failure.output if failure else "",
        stacks=shown.stacks if shown else (),
        stopped_by=stopped_by,
        time_scale=job.time_scale,
        timeout=job.timeout,
        parameters=job.parameters,
        seconds=seconds,
        unfinished=tally.unfinished,
        by_the_clock=by_the_clock(program.source),
    )
