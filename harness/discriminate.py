"""Experiments on a proven loop: who would get on if others did not run?

A livelock is a loop that some of its threads would leave if they were alone; threads that would not
are each in an endless loop of their own. A starved thread gets through once somebody who is served is
stopped; if it does not, stopping is no help. The execution is led into its loop again, up to each
step of one turn, and from there on only the chosen threads run. One success is a proof; that none of
the experiments succeeds is told as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from harness.detectors.deadlock import join as listed
from harness.detectors.lasso import Verdict
from harness.execution import Replayed, Runner
from harness.outcome import Outcome
from harness.strategies.replay import Diverged

ENOUGH = 20
"""Turns of the loop that a chosen thread may take, as steps, to finish."""

PLACES = 40
"""Steps of the loop at which threads are stopped, at most."""


class _Over(Exception):
    """The experiment has shown what it can."""


class _Unfinished(Exception):
    """The program is too slow for all experiments, and those that were made have shown nothing."""


class _Only:
    """Follows a schedule; from there on only the chosen threads run, and time passes for them alone."""

    every_step = True

    def __init__(self, scheduler: Any, schedule: Sequence[int], chosen: frozenset[int], hoped: int, patience: int):
        self._scheduler = scheduler
        self._schedule = schedule
        self._chosen = chosen
        self._hoped = hoped
        self._patience = patience
        self._last = -1
        self.finished = self.blocked = False

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        if step < len(self._schedule):
            for task in enabled:
                if task.index == self._schedule[step]:
                    return task
            raise Diverged(f"diverged at step {step + 1}")
        self.finished = all(task.index != self._hoped for task in self._scheduler.live)
        if self.finished or step - len(self._schedule) > self._patience:
            raise _Over
        able = [task for task in enabled if task.index in self._chosen] or self._due()
        if not able:
            self.blocked = True
            raise _Over
        able.sort(key=lambda task: (task.index <= self._last, task.index))
        self._last = able[0].index
        return able[0]

    def _due(self) -> list[Any]:
        """Those of the chosen who only wait for the clock, once it has moved to the first of their deadlines."""
        waiting = [t for t in self._scheduler.live if t.index in self._chosen and t.wants and t.deadline is not None]
        if waiting:
            self._scheduler.now = max(self._scheduler.now, min(task.deadline for task in waiting))
        return [task for task in waiting if task.deadline <= self._scheduler.now]


def tell_apart(shown: Replayed, runner: Runner) -> str:
    """What the experiments on `shown`'s loop came to, as the end of a sentence; empty where it has none."""
    verdict = shown.execution.verdict
    if verdict is None and shown.execution.outcome is Outcome.STARVATION:
        return _passed_over(shown, runner)
    if verdict is None or verdict.outcome is Outcome.DEADLOCK:
        return ""
    names = shown.execution.threads
    experiments = _Experiments(shown, verdict, runner)
    try:
        if verdict.starved is not None:
            return _with_somebody_stopped(experiments, verdict, names)
        return _alone(experiments, verdict, names) if len(verdict.busy) > 1 else ""
    except _Unfinished:
        return ""


class _Experiments:
    """Leads the execution into its loop, then lets some threads run. `blocked`: in one of them nobody could go on."""

    def __init__(self, shown: Replayed, verdict: Verdict, runner: Runner) -> None:
        self._runner = runner
        self._schedule, self._arrivals = shown.execution.schedule, shown.witness.arrivals
        self._patience = ENOUGH * max(verdict.steps, 10)
        last = len(self._schedule)
        self._places = range(last, last - verdict.steps, -max(1, verdict.steps // PLACES))
        self.everybody = frozenset(range(len(shown.execution.threads)))
        self.blocked = False

    def finishes(self, hoped: int, chosen: frozenset[int]) -> bool:
        """True if thread `hoped` finishes when, from some place of the loop on, only `chosen` run."""
        return any(self._try(self._schedule[:place], hoped, chosen) for place in self._places)

    def _try(self, schedule: Sequence[int], hoped: int, chosen: frozenset[int]) -> bool:
        if self._runner.hurries:
            raise _Unfinished
        policy = _Only(self._runner.world.scheduler, schedule, chosen, hoped, self._patience)
        try:
            self._runner.record(policy, len(schedule) + 2 * self._patience, False, self._arrivals)
        except _Over:
            self.blocked = self.blocked or policy.blocked
            return policy.finished
        return False


def _with_somebody_stopped(experiments: _Experiments, verdict: Verdict, names: Sequence[str]) -> str:
    assert verdict.starved is not None
    starved = names[verdict.starved]
    for served in verdict.busy:
        if experiments.finishes(verdict.starved, experiments.everybody - {served}):
            return f"; with {names[served]} stopped, {starved} gets through"
    if len(verdict.busy) > 1 and experiments.finishes(verdict.starved, experiments.everybody - set(verdict.busy)):
        return f"; with {listed([names[served] for served in verdict.busy])} stopped, {starved} gets through"
    return f"; nor does {starved} get through when {'they are' if len(verdict.busy) > 1 else 'it is'} stopped"


def _passed_over(shown: Replayed, runner: Runner) -> str:
    """A bound was broken: does who was passed over get through if the other one is stopped before it asks?"""
    late, served, before = shown.execution.bypass
    names, schedule = shown.execution.threads, shown.execution.schedule
    everybody = frozenset(range(len(names)))
    policy = _Only(
        runner.world.scheduler,
        schedule[:before],
        everybody - {names.index(served)},
        names.index(late),
        max(ENOUGH * 10, len(schedule)),
    )
    try:
        runner.record(policy, 3 * len(schedule) + ENOUGH * 10, False, shown.witness.arrivals)
    except _Over:
        pass
    return f"; with {served} stopped, {late} {'gets' if policy.finished else 'does not get'} through"


def _alone(experiments: _Experiments, verdict: Verdict, names: Sequence[str]) -> str:
    for task in verdict.busy:
        if experiments.finishes(task, frozenset((task,))):
            return f"; alone, {names[task]} would finish"
    why = "" if experiments.blocked else ": each is an endless loop of its own"
    return f"; alone, none of them would finish either{why}"
