"""One execution, judged: run a program once under a strategy and say what it came to.

Judgement happens here and only here. The scheduler reports bare facts (how it ended, who was about
to do what), detectors say what these mean, the oracle has the last word over a result.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from harness.bypasses import Bypass
from harness.children.blocked import others_go_on
from harness.crashes import crash
from harness.detectors.deadlock import Waiting, explain_deadlock
from harness.detectors.lasso import Verdict
from harness.detectors.liveness import Liveness
from harness.detectors.races import contended
from harness.outcome import Outcome
from harness.patience import Patience
from harness.recording import Facts, Recording, Scribe
from harness.schedule import Witness
from harness.scheduler import Scheduler
from harness.strategies.directed import Directed, Suspect
from harness.strategies.replay import Diverged, Follow, Replay
from harness.task import Policy, Task
from harness.trace import Operation, Step, Trace
from harness.watchdog import Position, Watchdog, frame_of, innermost, is_called_by
from harness.world.lock import InnerLock
from harness.world.program import Program, load_oracle
from harness.world.showing import show_error, show_result
from harness.world.state import StateCapture
from harness.world.state_waits import waiting
from harness.world.world import Ending, World

MAX_STEPS = 20_000
"""Steps after which an execution is cut, unless told otherwise."""

REPLAY_FACTOR = 20
"""A replay has every access as a step, so it may take this many times the steps of a search's execution."""


class TooDeep(Exception):
    """A program that calls itself until there is no room left to schedule it."""


class Granularity(NamedTuple):
    """Which points an execution had: accesses at `sites`, `releases`, `arrivals`; all from step `all_from` on."""

    sites: frozenset[int]
    releases: bool
    all_from: int
    arrivals: bool = False

    def had(self, task: Task, step: int) -> bool:
        """Whether `task` would have stopped where it stands now. `step`: how many steps had been made then."""
        if step >= self.all_from:
            return True
        if task.pending.kind in ("read", "write"):
            return task.pending.site in self.sites
        return self.releases or task.pending.kind != "release" or not isinstance(task.subject, InnerLock)


class Execution(NamedTuple):
    """One execution's outcome and what a search needs of it; all plain values."""

    outcome: Outcome
    message: str
    result: str | None
    schedule: tuple[int, ...]
    steps: int
    max_bypass: int
    output: str
    pending: dict[int, Operation]
    log: list[Step] | None = None
    threads: tuple[str, ...] = ()
    cut: bool = False
    """The fair tail took over: the strategy did not choose all of it."""
    loop: tuple[str, ...] = ()
    """One turn of the loop that repeats for ever, a line per step (livelock and starvation)."""
    bypass: Bypass = Bypass("", "", 0)
    """The last of the largest number of bypasses in one wait."""
    verdict: Verdict | None = None
    """The same for further use."""
    refined: bool = False
    """The execution taught the world a finer granularity (a hot site, a probed lock)."""
    unseeded: bool = False
    """It drew random numbers that the program has not seeded."""
    unseen: str = ""
    """It did something that others may be in conflict with unseen."""
    timed: bool = False
    """Some thread slept, or waited for something up to a time limit."""
    granularity: Granularity = Granularity(frozenset(), True, 0)


@dataclass(frozen=True)
class Replayed:
    """An execution shown in full."""

    execution: Execution
    trace: Trace
    witness: Witness
    preemptions: int
    """Those of the schedule; when threads take turns, nobody counts."""
    facts: Facts
    fair_from: int | None = None
    """The step from which threads took turns."""
    diverged: str | None = None


class Runner:
    """Executes one program as often as wanted, in this process."""

    def __init__(
        self,
        program: Program,
        *,
        max_steps: int | None = None,
        instrumented: tuple[str, ...] = (),
        early_timeouts: bool = False,
        watchdog: Watchdog | None = None,
    ) -> None:
        self.program = program
        self.world = World(program, instrumented)
        self.max_steps = max_steps or int(program.settings.get("max_steps", MAX_STEPS))
        self.instrumented = instrumented
        self.patience: Patience | None = None
        """Of somebody who does not need every execution."""
        self.early_timeouts = early_timeouts
        self._set_tail()
        self._check = load_oracle(program.oracle)
        self._watchdog = watchdog
        if watchdog is not None:
            watchdog.where = self._position

    def run(
        self,
        strategy: Policy,
        *,
        log_steps: bool = False,
        named: bool = False,
        max_steps: int | None = None,
        tail_from: int | None = None,
    ) -> Execution:
        """One execution under `strategy`; threads take turns from step `tail_from` on.

        That is after half of the steps unless told otherwise; with `max_steps` there is no such tail.
        """
        most = max_steps or self.max_steps
        turns_from = tail_from or max_steps or self.max_steps // 2
        return self._execute(strategy, most, turns_from, log_steps=log_steps, named=named)

    @property
    def hurries(self) -> bool:
        """Whether no further execution is to be made that can be done without."""
        return self.patience is not None and self.patience.over

    def refine(self) -> None:
        """What executions taught of the locks is in force from the next one on."""
        scheduler = self.world.scheduler
        scheduler.release_points = scheduler.release_points or scheduler.probed
        scheduler.arrival_points = scheduler.arrival_points or scheduler.order_shows

    def record(self, strategy: Policy, max_steps: int, states: bool = True, arrivals: bool | None = None) -> Replayed:
        """One execution under `strategy` with every access a step, recorded, without `states` if so wanted.

        `arrivals`: as in the witness from which it starts.
        """
        return self._recorded(strategy, max_steps=max_steps, states=states, arrivals=arrivals)

    def follow(
        self,
        execution: Execution,
        *,
        fair_from: int | None = None,
        max_steps: int | None = None,
        states: bool = True,
    ) -> Replayed:
        """The same execution again, recorded; with `fair_from`, threads take turns from that step on."""
        schedule = execution.schedule[:fair_from]
        policy = Follow(schedule, execution.granularity.had, fair_from is not None)
        return self._recorded(policy, max_steps=max_steps, states=states, arrivals=execution.granularity.arrivals)

    def replay(self, witness: Witness, states: bool = True) -> Replayed:
        """The execution that `witness` describes, recorded. Never ends silently in another outcome."""
        return self._recorded(None, witness, states=states, arrivals=witness.arrivals)

    def approach(self, witness: Witness, max_steps: int) -> Replayed:
        """As close to `witness` as the program allows, recorded without states: turns that do not fit are left out."""
        return self._recorded(None, witness, max_steps, True, states=False, arrivals=witness.arrivals)

    def lead(self, suspects: Sequence[Suspect], max_steps: int) -> Replayed:
        """An execution that is steered towards the deadlock of these threads, recorded in full."""
        return self._recorded(None, max_steps=max_steps, suspects=suspects)

    def _recorded(
        self,
        policy: Any,
        witness: Witness | None = None,
        max_steps: int | None = None,
        lenient: bool = False,
        suspects: Sequence[Suspect] = (),
        states: bool = True,
        arrivals: bool | None = None,
    ) -> Replayed:
        world, scheduler = self.world, self.world.scheduler
        recording = Recording(world, states)
        policy = Directed(suspects, recording) if suspects else policy
        policy = Replay(witness, recording, lenient) if witness else policy
        scribe, steps = Scribe(policy, recording), max_steps or self.max_steps * REPLAY_FACTOR
        early = witness.early if witness else self.early_timeouts
        granularity = scheduler.release_points, scheduler.arrival_points
        scheduler.release_points = world.points.full = True
        arrivals = scheduler.arrival_points if arrivals is None else arrivals
        scheduler.arrival_points = arrivals or scheduler.request_points
        diverged: str | None = None
        try:
            tail_from = steps if max_steps else steps // 2
            execution = self._execute(scribe, steps, tail_from, log_steps=True, recording=recording, early=early)
        except Diverged as error:
            diverged = str(error)
            execution = Execution(Outcome.INCONCLUSIVE, diverged, None, (), scheduler.steps, 0, "", {})
        finally:
            world.points.full = False
            scheduler.release_points, scheduler.arrival_points = granularity
        told = tuple(scribe.turns), scribe.fair_from is not None, early, self.program.aside, self.instrumented
        written = Witness(execution.outcome, self.program.digest, *told, arrivals and not scheduler.request_points)
        if witness and diverged is None and not lenient:
            diverged = _departure(policy, witness, execution)
        trace = recording.trace(contended(scheduler.log or [], execution.pending))
        return Replayed(execution, trace, written, scribe.preemptions, recording.facts(), scribe.fair_from, diverged)

    def _set_tail(self) -> None:
        """Who takes over where threads are to take turns: most executions end before, and leave it to the next one."""
        self._capture = StateCapture(self.world)
        self._tail = Liveness(self._capture, self.program.settings)

    def _execute(
        self,
        strategy: Any,
        max_steps: int,
        tail_from: int,
        *,
        log_steps: bool = False,
        named: bool = False,
        recording: Recording | None = None,
        early: bool | None = None,
    ) -> Execution:
        world, scheduler = self.world, self.world.scheduler
        if self._tail.began:
            self._set_tail()
        liveness = self._tail
        if recording is not None:
            strategy.fair = liveness
        stuck: list[Waiting] = []
        releases, arrivals, full = scheduler.release_points, scheduler.arrival_points, world.points.full

        def stopped() -> None:
            stuck.extend(waiting(world, recording))
            if recording is not None:
                recording.stopped()

        if self._watchdog is not None and self._watchdog.begins():
            self._write_down(self._watchdog)
        began = time.perf_counter()
        try:
            ending = world.execute(
                strategy,
                liveness,
                max_steps=max_steps,
                tail_from=tail_from,
                log_steps=log_steps,
                named=named,
                recorder=recording,
                early_timeouts=self.early_timeouts if early is None else early,
                on_stop=stopped,
            )
        except RecursionError as error:
            raise TooDeep(_too_deep(*error.args)) from None
        finally:
            if liveness.began:
                self._capture.restore()
            if self.patience is not None:
                self.patience.count(world.scheduler.steps, time.perf_counter() - began, liveness.began)
        outcome, message, result = self._judge(ending, stuck, liveness)
        return Execution(
            outcome=outcome,
            message=message,
            result=result,
            schedule=tuple(ending.schedule),
            steps=ending.steps,
            max_bypass=ending.max_bypass,
            bypass=ending.bypass,
            output=ending.output,
            pending=ending.pending,
            log=ending.log,
            threads=ending.threads,
            cut=ending.ended == "bound" or ending.steps > tail_from,
            loop=liveness.verdict.loop if liveness.verdict else (),
            verdict=liveness.verdict,
            unseeded=ending.unseeded,
            unseen=ending.unseen,
            timed=ending.timed,
            refined=ending.learned or (ending.probed and not releases) or (ending.order_shows and not arrivals),
            granularity=Granularity(world.points.in_force, releases, 0 if full else tail_from, arrivals),
        )

    def _judge(self, ending: Ending, stuck: list[Waiting], liveness: Liveness) -> tuple[Outcome, str, str | None]:
        result = show_result(ending.result) if ending.returned else None
        verdict = liveness.verdict
        crashed = crash(ending.crashes, self.world.modules.files)
        also = f"; before that {crashed[1]}" if crashed else ""
        if (verdict or ending.ended in ("stuck", "closed")) and self._watchdog and self._watchdog.alarm[0]:
            set_by = self._watchdog.alarm[2]
            return Outcome.INCONCLUSIVE, f"nothing goes on but for an alarm that {set_by}: it is the host's", result
        if ending.ended == "stuck" and self._is_not_alone():
            why = "all wait, but a thread that is not the lab's is at work in this process"
            return Outcome.INCONCLUSIVE, why, result
        if verdict is not None:
            frozen = f"{explain_deadlock(stuck)}; " if verdict.outcome is Outcome.DEADLOCK else ""
            return verdict.outcome, frozen + verdict.message + also, result
        if ending.ended in ("stuck", "closed"):
            return Outcome.DEADLOCK, explain_deadlock(stuck) + also, result
        if crashed:
            return (*crashed, result)
        if ending.ended == "bound":
            why = f": {liveness.inconclusive}" if liveness.inconclusive else ""
            return Outcome.INCONCLUSIVE, f"still running after {ending.steps} steps{why}", result
        bound = self.program.settings.get("bypass_bound")
        if bound is not None and ending.max_bypass > bound:
            late, served, _ = ending.bypass
            times = "once" if ending.max_bypass == 1 else f"{ending.max_bypass} times"
            message = (
                f"{late} was passed over {times} while it waited, last for {served}; the declared bound is {bound}"
            )
            return Outcome.STARVATION, message, result
        return self._consult_oracle(ending.result, result)

    def _is_not_alone(self) -> bool:
        """Whether the program has threads that nobody schedules: C code has started them, say."""
        if self._watchdog is None:
            return False
        known = {os.getpid(), self._watchdog.native, *self.world.scheduler.carriers.natives}
        return others_go_on(known, self._watchdog.since)

    def _consult_oracle(self, value: Any, result: str | None) -> tuple[Outcome, str, str | None]:
        if self._check is None:
            return Outcome.PASSED, "", result
        try:
            self._check(value)
        except AssertionError as error:
            return Outcome.VIOLATED, show_error(error) or f"the oracle refuses the result {result}", result
        except Exception as error:
            return Outcome.CRASHED, f"the oracle raised {type(error).__name__}: {show_error(error)}", result
        return Outcome.PASSED, "", result

    def _position(self) -> Position:
        """Where the running thread is, for the watchdog."""
        scheduler = self.world.scheduler
        task = scheduler.current
        ident = task.carrier.ident if task.carrier else scheduler.host_ident
        frame = frame_of(ident)
        place, inside = innermost(frame, self.world.modules.files)
        unwinding = scheduler.unwinding and scheduler.active
        deciding = is_called_by(frame, Scheduler._next.__code__, self.world.modules.files)
        return Position(task.name, place, inside, scheduler.steps, unwinding, deciding)

    def _write_down(self, watchdog: Watchdog) -> None:
        """This execution ended its process before: each line of it is noted before it is carried out."""
        tracer = watchdog.tracer(self.world.modules.files, lambda: self.world.scheduler.current.name)
        self.world.library.tracer = tracer
        sys.settrace(tracer)


def _too_deep(thread: str = "the program", file: str = "", line: int = 0) -> str:
    return f"{thread} calls itself without end at {Path(file).name}:{line}, until the lab has no room to schedule it"


def _departure(replay: Replay, witness: Witness, execution: Execution) -> str | None:
    missed = replay.unused()
    if missed is not None:
        return f"diverged at step {execution.steps + 1}: {missed}, but the execution {_ended(execution)}"
    if execution.outcome is not witness.outcome:
        why = f": {execution.message}" if execution.outcome is Outcome.INCONCLUSIVE else ""
        return f"diverged: the witness says {witness.outcome}, this execution {_ended(execution)}{why}"
    return None


def _ended(execution: Execution) -> str:
    return f"ended {execution.outcome} after {execution.steps} steps"
