"""Free threads, counted: what a program does natively on this machine, and under seeded perturbation.

Each run is a child process of its own (harness/children); what they came to is counted here, and said with the
confidence that the number of runs allows (harness/rates.py).
"""

from __future__ import annotations

import inspect
import platform
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from harness.budget import Budget
from harness.children.job import End, Job, Run, Waiting
from harness.children.parents import HarnessFault, Parents
from harness.rates import Rate, rate
from harness.world.program import Program, TargetError

Progress = Callable[["Tally"], None]


@dataclass
class Tally:
    """The runs so far, as `progress` sees them."""

    runs: int = 0
    failed: int = 0
    hung: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    verdicts: dict[str, End] = field(default_factory=dict)
    first_failure: Run | None = None
    first_hang: Run | None = None

    def add(self, run: Run) -> None:
        self.runs += 1
        self.failed += run.end is not End.PASSED
        self.hung += run.end.hung
        self.outcomes[run.text] += 1
        if self.verdicts.get(run.text, End.PASSED) is End.PASSED:
            self.verdicts[run.text] = run.end
        if run.end is not End.PASSED:
            self.first_failure = self.first_failure or run
            self.first_hang = self.first_hang or (run if run.end.hung else None)


def stress(program, *, mode="stress", seed=0, budget, timeout=10.0, jobs=1, until=None, time_scale=None, parameters=None, progress=None):
    tally = Tally()
    job = Job(str(program.path), program.source, program.oracle and str(program.oracle), mode, seed, timeout, time_scale or 1.0, dict(parameters or {}), 0, 1, budget.executions, budget.seconds)
    began = time.monotonic()
    with Parents(jobs) as parents:
        t0 = time.monotonic()
        for run in parents.runs(job):
            tally.add(run)
        print(time.monotonic() - t0, t0 - began)
    return tally
