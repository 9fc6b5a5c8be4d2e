"""The main job: make each scenario's bug appear three ways, attack its fix two ways, and judge.

The five parts of a scenario (its broken program native, under stress and controlled, its fixed one under stress
and controlled) are independent jobs, so that they fill as many processes as there are cores.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, NamedTuple

from harness import campaign
from harness.budget import Budget
from harness.children.parents import HarnessFault, Parents
from harness.corpus import Scenario
from harness.explore import Exploration, Options, explore
from harness.stress import StressResult, stress
from harness.world.program import Program

GRACE = 30.0
"""Seconds beyond its budget and one execution's time-out after which a part is given up as hung."""


SLOWER, REPEATS, SECONDS = 5.0, 10, 10.0
"""How a failed run of a fix that goes by the clock is looked into: with a clock so much slower, so often, and each
of the two series of repetitions so many seconds long."""


class Part(NamedTuple):
    """One job of a scenario: which program, run how."""

    variant: str
    mode: str


class Key(NamedTuple):
    """Which part of which scenario a job is."""

    scenario: int
    part: Part


NATIVE = Part("broken", "native")
STRESS = Part("broken", "stress")
SEARCH = Part("broken", "explore")
FIXED_STRESS = Part("fixed", "stress")
FIXED_SEARCH = Part("fixed", "explore")

# What each part may cost unless --budget says otherwise. The search of the broken program ends with its first
# failure, so its limit is reached only where the bug is not reproduced, and is ample for a loaded machine.
DEFAULT_BUDGETS = {
    NATIVE: Budget(seconds=0.5, executions=100),
    STRESS: Budget(seconds=1.5, executions=100),
    SEARCH: Budget(seconds=40.0),
    FIXED_STRESS: Budget(seconds=1.5, executions=100),
    FIXED_SEARCH: Budget(seconds=4.0),
}


class Standing(Enum):
    """How a fix came through: three ways to stand, one to fall, one to know nothing."""

    EXHAUSTED = "FIX HOLDS"
    BOUNDED = "FIX HOLDS WITHIN {bound} PREEMPTIONS"
    SPENT = "NO FAILURE OF THE FIX FOUND"
    FALLEN = "FIX DOES NOT HOLD"
    UNDECIDED = "FIX INCONCLUSIVE"

    @property
    def stands(self) -> bool:
        return self in (Standing.EXHAUSTED, Standing.BOUNDED, Standing.SPENT)


@dataclass(frozen=True)
class Reproduction:
    """What the parts of one scenario came to. A part is missing only where its process was lost."""

    scenario: Scenario
    parts: dict[Part, Any]
    seconds: float

    def measured(self, part: Part) -> StressResult | None:
        """The result of a part with free threads."""
        result = self.parts.get(part)
        return None if isinstance(result, campaign.Lost) else result

    def searched(self, part: Part) -> Exploration | None:
        """The result of a controlled part."""
        result = self.parts.get(part)
        return None if isinstance(result, campaign.Lost) else result

    @property
    def faults(self) -> dict[Part, str]:
        """Parts without a result, each with the reason."""
        return {part: result.reason for part, result in self.parts.items() if isinstance(result, campaign.Lost)}

    @property
    def reproduced(self) -> bool:
        found = self.searched(SEARCH)
        return found is not None and found.outcome == self.scenario.expect

    @property
    def standing(self) -> Standing:
        found, free = self.searched(FIXED_SEARCH), self.measured(FIXED_STRESS)
        if found is None or free is None:
            return Standing.UNDECIDED
        if found.outcome.failed or (free.failed and not free.late):
            return Standing.FALLEN
        if free.late and found.claim == "budget spent":
            return Standing.UNDECIDED
        claims = {"exhausted": Standing.EXHAUSTED, "bounded": Standing.BOUNDED, "budget spent": Standing.SPENT}
        return claims.get(found.claim, Standing.UNDECIDED)

    @property
    def verdict(self) -> str:
        if self.faults:
            return "HARNESS FAULT"
        fix = self.standing.value
        if self.standing is Standing.BOUNDED:
            found = self.searched(FIXED_SEARCH)
            fix = fix.format(bound=found.bound if found else "?")
        if self.reproduced:
            return f"REPRODUCED, {fix}"
        return "NOT REPRODUCED" if self.standing.stands else f"NOT REPRODUCED, {fix}"

    @property
    def exit_code(self) -> int:
        """0 as promised, 1 the fix fell, 3 not decided within the budget, 4 the lab's own fault."""
        if self.faults:
            return 4
        if self.standing is Standing.FALLEN:
            return 1
        return 0 if self.reproduced and self.standing.stands else 3


def overall(results: Sequence[Reproduction]) -> int:
    """The exit code of a whole run."""
    return gravest(result.exit_code for result in results)


def gravest(codes: Iterable[int]) -> int:
    """The lab's own fault first, then a fix that fell, then a bug not reproduced."""
    found = set(codes)
    return next((code for code in (4, 1, 3) if code in found), 0)


def reproduce(
    scenarios: Sequence[Scenario],
    options: Options,
    budget: Budget | None = None,
    started: Callable[[Scenario, Part], None] = lambda scenario, part: None,
) -> Generator[Reproduction, None, None]:
    """Each scenario's result, in the given order, as soon as it and all before it are known.

    `budget` is for each part; None for the defaults. `options.jobs` parts run at a time. Raises TargetError
    where a program cannot be run at all.
    """
    jobs = [
        campaign.Job(Key(index, part), call, _deadline(part, options, budget))
        for index, scenario in enumerate(scenarios)
        for part, call in _calls(scenario, options, budget).items()
    ]
    parts: list[dict[Part, Any]] = [{} for _ in scenarios]
    begun: dict[int, float] = {}
    ready = 0

    def begin(job: campaign.Job) -> None:
        begun.setdefault(job.key.scenario, time.monotonic())
        started(scenarios[job.key.scenario], job.key.part)

    for job, result in campaign.run(jobs, options.jobs, begin):
        if isinstance(result, campaign.Raised):
            if not isinstance(result.error, HarnessFault):
                raise result.error
            result = campaign.Lost(str(result.error))
        parts[job.key.scenario][job.key.part] = result
        while ready < len(scenarios) and len(parts[ready]) == len(DEFAULT_BUDGETS):
            yield Reproduction(scenarios[ready], parts[ready], time.monotonic() - begun[ready])
            ready += 1


def _calls(scenario: Scenario, options: Options, budget: Budget | None) -> dict[Part, Callable[[], Any]]:
    """The five jobs. Both programs are loaded here, so that one that cannot be is told before anything runs."""
    programs = {variant: scenario.program(variant) for variant in ("broken", "fixed")}
    calls: dict[Part, Callable[[], Any]] = {}
    for part, default in DEFAULT_BUDGETS.items():
        share = budget or default
        program = programs[part.variant]
        if part.mode == "explore":
            calls[part] = functools.partial(explore, program, replace(options, budget=share, jobs=1))
        else:
            measure = attack if part == FIXED_STRESS else stress
            calls[part] = functools.partial(
                measure, program, mode=part.mode, seed=options.seed, budget=share, timeout=options.timeout, jobs=1
            )
    return calls


def attack(program: Program, jobs: int = 1, **options: Any) -> StressResult:
    """`stress` of a fix; `late` tells a failure of the machine's from one of the program's.

    A clock ten times as fast is a machine ten times as slow: a promise such as "within 0.5 s" is then broken
    by the measurement and not by the program. So what fails under a clock that was sped up is measured again at the
    clock's own speed. A loaded machine may still be too slow: so the run that failed is repeated, with its pauses, then
    the series, with a clock that gives it SLOWER times as long for everything. A race is as likely then as before; a
    promise of time is kept by what keeps it at all. What does not fail again is called late, which a rare race could be
    as well: so it is the controlled search that must have proved the fix. A run that hung is never called late.
    """
    with Parents(jobs) as parents:
        measure = functools.partial(stress, program, parents=parents)
        found = measure(**options)
        if found.failed and found.time_scale != 1:
            found = measure(**options, time_scale=1.0)
        if not found.by_the_clock or not found.failed or found.hung or found.first_failure is None:
            return found
        slowly = {**options, "timeout": found.timeout * SLOWER, "time_scale": 1 / SLOWER, "until": 1}
        once_more = ((REPEATS, found.first_failure - 1), (found.runs, None))
        again = (measure(**{**slowly, "budget": Budget(SECONDS, runs)}, repeat=run) for runs, run in once_more)
        return replace(found, late=not any(series.failed for series in again))


def _deadline(part: Part, options: Options, budget: Budget | None) -> float | None:
    seconds = (budget or DEFAULT_BUDGETS[part]).seconds
    return (
        None if seconds is None else 2 * (seconds + options.timeout) + 2 * (SECONDS + options.timeout * SLOWER) + GRACE
    )
