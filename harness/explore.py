"""Controlled search and replay of one program, as the command line and Python users call them.

The work happens in a worker process (worker.py): `explore` returns whatever the program does.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from harness.budget import Budget
from harness.crew import Crew
from harness.critical import CriticalPair
from harness.execution import Replayed, Runner, TooDeep
from harness.explain import DataRace, PotentialDeadlock
from harness.laboratory import Order, opened
from harness.outcome import Outcome
from harness.schedule import Witness, WitnessError
from harness.search import Found, Search
from harness.trace import Trace
from harness.watchdog import Hung, Watchdog
from harness.world.program import Program


@dataclass(frozen=True)
class Options:
    """How to search. `timeout` is seconds per execution, `max_steps` None means the program's or the lab's own.

    `ignore_state`: names of variables that do not tell one state from another, beside those that the program declares.
    """

    seed: int = 0
    budget: Budget = Budget(seconds=10.0)
    strategy: str = "portfolio"
    preemptions: int | None = None
    timeout: float = 10.0
    max_steps: int | None = None
    jobs: int = 1
    keep_going: bool = False
    early_timeouts: bool = False
    instrument: tuple[str, ...] = ()
    ignore_state: tuple[str, ...] = ()


@dataclass(frozen=True)
class Exploration:
    """What a search found; the fields of `explore --json`.

    `claim` says how far a search without a failure reaches: "exhausted" (every interleaving), "bounded"
    (every interleaving with at most `bound` preemptions), "budget spent", "inconclusive"; or "failed".
    Nothing but `seconds` depends on the number of workers, unless it was the seconds that were spent.
    `fewest`: every schedule with fewer preemptions than `preemptions` was tried, and none fails like this.
    """

    target: str
    program_digest: str
    python: str
    strategy: str
    seed: int
    executions: int
    failures: int
    first_failure: int | None
    outcome: Outcome
    message: str
    results: dict[str, int]
    witness: str | None
    minimal_witness: str | None
    preemptions: int | None
    critical_pair: CriticalPair | None
    exhausted: bool
    steps: int
    max_bypass: int
    races: list[DataRace]
    seconds: float
    executions_per_second: float
    claim: str
    bound: int | None
    fewest: bool = False
    max_steps: int | None = None
    instrument: tuple[str, ...] = ()
    ignore_state: tuple[str, ...] = ()
    trace: Trace | None = field(default=None, repr=False)
    potential_deadlocks: list[PotentialDeadlock] = field(default_factory=list)
    failed_with: dict[Outcome, tuple[int, str]] = field(default_factory=dict)
    """How many executions failed in which way, each with the message of the first."""
    orders: int = 0
    """How many other orders of the failure's steps were tried where none of them passes; 0 where one does."""
    unfinished: str = ""
    """Why not all was tried to explain the failure; empty where all was."""
    timed: bool = False
    """A thread slept, or waited up to a time limit, and all these lasted exactly as long as they said."""


@dataclass(frozen=True)
class Replay:
    """One execution along a witness. `diverged` says where it could not be followed, or None.

    `edited`: the program is another one than that which the witness was found in, by its digest.
    """

    outcome: Outcome
    message: str
    diverged: str | None
    trace: Trace | None
    output: str
    result: str | None
    edited: bool = False

    @staticmethod
    def of(shown: Replayed) -> Replay:
        """What is told of a recorded execution."""
        done = shown.execution
        return Replay(done.outcome, done.message, shown.diverged, shown.trace, done.output, done.result)


def explore(
    program: Program, options: Options = Options(), progress: Callable[[Found], None] | None = None
) -> Exploration:
    """Search `program` for a failing schedule. Raises TargetError where it cannot be loaded."""
    order = Order(
        program=program.ignoring(options.ignore_state),
        strategy=options.strategy,
        seed=options.seed,
        budget=options.budget,
        preemptions=options.preemptions,
        max_steps=options.max_steps,
        keep_going=options.keep_going,
        early_timeouts=options.early_timeouts,
        instrumented=options.instrument,
    )
    with Crew(opened, order, options.timeout, options.jobs) as crew:
        found = Search(order, crew, progress or (lambda so_far: None)).run()
    return _exploration(program, options, found)


def replay(program: Program, witness: str, options: Options = Options()) -> Replay:
    """The execution that `witness` describes. Raises WitnessError (malformed) and TargetError."""
    parsed = completed(witness, options)
    with Crew(_replayer, (program, parsed, options.max_steps), options.timeout) as crew:
        answer = crew.ask(None)
    if isinstance(answer, Hung):
        hint = "; what only counts is to be set aside (--ignore-state NAME)" if parsed.fair else ""
        diverged = f"diverged: the witness says {parsed.outcome}, but {answer.message}{hint}"
        answer = Replay(Outcome.INCONCLUSIVE, answer.message, diverged, None, "", None)
    return compared(answer, program, parsed)


def completed(witness: str, options: Options) -> Witness:
    """The witness with what the options say of the program beyond it. Raises WitnessError."""
    parsed = Witness.parse(witness)
    return parsed._replace(
        early=parsed.early or options.early_timeouts,
        ignored=tuple(dict.fromkeys(parsed.ignored + options.ignore_state)),
        instrumented=tuple(dict.fromkeys(parsed.instrumented + options.instrument)),
    )


def runner_for(program: Program, witness: Witness, max_steps: int | None, watchdog: Watchdog | None = None) -> Runner:
    """Executes the program as the search did that has found the witness."""
    aside = program.ignoring(witness.ignored)
    return Runner(aside, max_steps=max_steps, instrumented=witness.instrumented, watchdog=watchdog)


def compared(replayed: Replay, program: Program, witness: Witness) -> Replay:
    """The same, where the program has been edited since the witness was written: then it says so."""
    if witness.digest == program.digest:
        return replayed
    note = f"{replayed.diverged} (the program was edited: its digest is {program.digest})"
    return replace(replayed, edited=True, diverged=note if replayed.diverged else None)


def _replayer(request: Any, send: Callable[[Any], None]) -> Callable[[Any], Replay | Hung]:
    return lambda nothing: _replay(request)


def _replay(request: Any) -> Replay | Hung:
    program, witness, max_steps = request
    runner = runner_for(program, witness, max_steps, Watchdog.current)
    try:
        shown = runner.replay(witness)
    except TooDeep as error:
        return Hung(str(error))
    return Replay.of(shown)


def _exploration(program: Program, options: Options, found: Found) -> Exploration:
    return Exploration(
        target=program.name,
        program_digest=program.digest,
        python=platform.python_version(),
        strategy=options.strategy,
        seed=options.seed,
        executions=found.executions,
        failures=found.failures,
        first_failure=found.first_failure,
        outcome=found.outcome,
        message=found.message,
        results=dict(found.results),
        failed_with=found.failed_with,
        witness=found.witness,
        minimal_witness=found.minimal,
        preemptions=found.preemptions,
        fewest=found.fewest,
        critical_pair=found.critical_pair,
        exhausted=found.exhausted and found.bound is None,
        steps=found.steps,
        max_bypass=found.max_bypass,
        races=found.races,
        potential_deadlocks=found.potential_deadlocks,
        seconds=round(found.seconds, 3),
        executions_per_second=round(found.executions / found.seconds, 1) if found.seconds else 0.0,
        claim=_claim(found),
        bound=found.bound,
        max_steps=options.max_steps,
        instrument=options.instrument,
        ignore_state=options.ignore_state,
        trace=found.trace,
        orders=found.orders,
        unfinished=found.unfinished,
        timed=found.timed and not options.early_timeouts,
    )


def _claim(found: Found) -> str:
    if found.outcome.failed:
        return "failed"
    if found.outcome is Outcome.INCONCLUSIVE:
        return "inconclusive"
    if found.exhausted:
        return "exhausted" if found.bound is None else "bounded"
    return "budget spent"


__all__ = ["Exploration", "Options", "Replay", "WitnessError", "explore", "replay"]
