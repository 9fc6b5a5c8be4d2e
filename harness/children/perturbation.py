"""Mode "stress": a seed and a run number fix where each thread pauses, for how long, and how often threads switch.

What is fixed is the plan, the *inputs* of a run: after so many scheduling points this thread naps so many
microseconds. Which thread then goes on is still the operating system's choice, so the same plan may end otherwise.
Only a witness repeats a schedule.

A plan is drawn anew for each run, from dense short yields to rare long naps, since no one mixture is good for every
bug: a lost update needs one thread to stop for a moment between a read and a write, a lock order inversion needs it to
stop at the right one of few places, and an ordering bug needs a thread to be late altogether (Edelstein et al. 2003,
"Framework for testing multi-threaded Java programs", found the same for random noise in Java).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from math import log
from random import Random
from threading import local
from typing import NamedTuple

_sleep = time.sleep
SWITCH_INTERVALS = (5e-3, 1e-3, 1e-4)  # seconds; the first is CPython's own, much less than the last only burns time
GAPS = (1, 2, 4, 8, 16, 64)  # scheduling points from one pause to the next, on average
NAPS = (1e-6, 2e-5, 2e-4, 1e-3)  # longest nap in seconds
LATE = (0.0, 0.0, 2e-4, 2e-3)  # longest delay of a thread's start in seconds
TIRED = 0.02  # seconds a thread may nap in all before its pauses become rare: long programs must end, too


class Plan(NamedTuple):
    """How one run is perturbed."""

    key: str
    switch_interval: float
    gap: int
    nap: float
    late: float

    @classmethod
    def of(cls, seed: int, number: int) -> Plan:
        key = f"{seed}/{number}"
        pick = Random(key)
        return cls(key, pick.choice(SWITCH_INTERVALS), pick.choice(GAPS), pick.choice(NAPS), pick.choice(LATE))


class Pause(NamedTuple):
    """After `points` more scheduling points, nap for `nap` seconds; a nap of 0 is a mere yield, below 0 a spin."""

    points: int
    nap: float


def pauses(plan: Plan, thread: str) -> Iterator[Pause]:
    """The endless list of a thread's pauses. It depends on the plan and the thread's label, on nothing else."""
    draw = Random(f"{plan.key}/{thread}")
    gap = plan.gap * draw.choice((1, 1, 1, 4, 16))  # some threads are left alone, so that others overtake them
    slept = 0.0
    while True:
        points = 1 + int(-log(1 - draw.random()) * (gap - 0.5))
        kind = draw.random()
        nap = 0.0 if kind < 0.3 else -kind if kind < 0.4 else plan.nap * draw.random()
        slept += max(nap, 1e-6)
        if slept > TIRED:
            gap, slept = gap * 4, 0.0
        yield Pause(points, nap)


class Perturbation:
    """Carries out one plan after the other in its process; `point` is what every scheduling point calls."""

    def __init__(self) -> None:
        self.plan = Plan.of(0, 0)
        self._thread = _Here(self.plan)

    def follow(self, plan: Plan) -> None:
        """From now on this plan, in the calling thread and in those it starts."""
        sys.setswitchinterval(plan.switch_interval)
        self.plan = plan
        self._thread = _Here(plan)
        self.begin("0")

    def begin(self, label: str) -> None:
        """The calling thread is the one with this label from now on; it may begin late."""
        self._thread.enter(label)
        if label != "0":
            _sleep(Random(f"{self.plan.key}/{label}/late").random() * self.plan.late)

    def child_label(self) -> str:
        """A label for the thread that the caller starts: which child of which thread, whatever the schedule."""
        here = self._thread
        here.children += 1
        return f"{here.label}.{here.children}"

    def point(self, *_: object) -> None:
        """A scheduling point, right before an operation; which one (its arguments say) does not matter."""
        here = self._thread
        here.left -= 1
        if here.left <= 0:
            _pause(here.nap)
            here.left, here.nap = next(here.pauses)


class _Here(local):
    """The calling thread's place in its list of pauses."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self.enter("?")  # a thread that was not started through `threading`

    def enter(self, label: str) -> None:
        self.label = label
        self.children = 0
        self.pauses = pauses(self._plan, label)
        self.left, self.nap = next(self.pauses)


def _pause(nap: float) -> None:
    if nap >= 0:
        _sleep(nap)
    else:
        for _ in range(int(-nap * 2000)):
            pass
