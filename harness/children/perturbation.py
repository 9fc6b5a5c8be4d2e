"""Mode "stress": a seed and a run number fix where each thread pauses, and what each pause waits for.

What is fixed is the plan, the *inputs* of a run: after so many scheduling points this thread pauses until the others
have passed so many of theirs. Which of the others goes on is still the operating system's choice, so the same plan
may end otherwise. Only a witness repeats a schedule.

A pause waits for the others' progress and not for a time: a nap that is long enough on an idle machine is over on a
loaded one before the other thread has even started. A plan is drawn anew for each run, from a pause at every point to
hardly any, since no one mixture is good for every bug (Edelstein et al. 2003, "Framework for testing multi-threaded
Java programs", found the same for random noise in Java).
"""

from __future__ import annotations

import sys
import time
from _thread import allocate_lock
from collections.abc import Iterator
from contextlib import suppress
from random import Random
from threading import local
from typing import Any, NamedTuple

from harness.children.sharing import MANY, Owner, Sharing, place_of

MAIN = "0"
_sleep, _clock = time.sleep, time.monotonic
SWITCH_INTERVALS = (5e-3, 1e-3, 1e-4)  # seconds; the first is CPython's own, much less than the last only burns time
GAPS = (1, 1, 2, 2, 4, 16)  # scheduling points from one pause to the next, on average
SLOW = (1, 1, 4)  # how many times as seldom a thread pauses, so that some overtake the others
PATIENCE = (0, 1, 2, 4, 16, 100)  # points of other threads that a pause waits for; 0 is a mere yield
LATE = (0, 0, 2)  # the same, before a thread's first step
LONGEST = 0.005  # seconds that one pause may take, whatever the others do
TIRED = 0.01  # seconds of pauses after which a thread pauses WEARIER times as seldom: long programs must end, too
WEARIER = 8


class Plan(NamedTuple):
    """How one run is perturbed."""

    key: str
    switch_interval: float
    gap: int
    late: int

    @classmethod
    def of(cls, seed: int, number: int) -> Plan:
        key = f"{seed}/{number}"
        pick = Random(key)
        return cls(key, pick.choice(SWITCH_INTERVALS), pick.choice(GAPS), pick.choice(LATE))


class Pause(NamedTuple):
    """After `points` more scheduling points, wait until the other threads have passed `patience` points."""

    points: int
    patience: int


def pauses(plan: Plan, thread: str) -> Iterator[Pause]:
    """The endless list of a thread's pauses. It depends on the plan and the thread's label, on nothing else."""
    draw = Random(f"{plan.key}/{thread}")
    yield Pause(0, 0 if thread == MAIN else int(draw.random() * (plan.late + 1)))
    gap = plan.gap * draw.choice(SLOW)
    while True:
        points = 1
        while draw.random() * gap >= 1:
            points += 1
        yield Pause(points, draw.choice(PATIENCE))


class Walker:
    """One thread on its way through the plan."""

    def __init__(self, plan: Plan, label: str) -> None:
        self.label = label
        self.owner = Owner()
        self.shared: dict[Any, bool] = {}  # places that it knows to be shared
        self.children = 0
        self.passed = 0  # scheduling points
        self.blocked = False  # it waits for a lock, or has ended
        self.pausing = 0  # the patience it began to pause with, plus one; 0 while it does not pause
        self.goal = 0  # how many points all threads together have passed when its pause is over
        self.gate = allocate_lock()  # what it waits for in a pause
        self.slept = 0.0
        self.stride = 1
        self.pauses = pauses(plan, label)
        self.left, self.patience = next(self.pauses)


class Perturbation:
    """Carries out one plan after the other in its process."""

    def __init__(self) -> None:
        self.follow(Plan.of(0, 0))

    def follow(self, plan: Plan) -> None:
        """From now on this plan, in the calling thread and in those it starts."""
        sys.setswitchinterval(plan.switch_interval)
        self.plan = plan
        self._walkers: list[Walker] = []
        self._pausing: list[Walker] = []
        self._here = _Here()
        self._sharing = Sharing()
        self.begin(self.walker(MAIN))

    def walker(self, label: str) -> Walker:
        """A thread that is about to begin; from now on the others may wait for its progress."""
        walker = Walker(self.plan, label)
        self._walkers.append(walker)
        return walker

    def child(self) -> Walker:
        """A walker for the thread that the caller starts. Its label, which child of whom, is the same in every run."""
        here = self._me()
        here.children += 1
        here.owner = Owner()
        return self.walker(f"{here.label}.{here.children}")

    def begin(self, walker: Walker) -> None:
        """The calling thread is this walker; it may begin late."""
        self._here.walker = walker
        self._pause(walker)

    def access(self, kind: str, obj: Any, key: Any, site: int) -> None:
        """The program is about to read or write something: a scheduling point if other threads could notice."""
        place = place_of(obj, key)
        if place is not None:
            self._touch(self._me(), place, kind == "write")

    def lock(self, lock: object) -> None:
        """A lock is about to be taken or given up: a scheduling point if it is not the caller's alone."""
        self._touch(self._me(), id(lock), True)

    def made(self, lock: object) -> None:
        """The calling thread has made the lock."""
        self._sharing.belongs(id(lock), self._me().owner)

    def waits(self, blocked: bool) -> None:
        """The calling thread begins to wait for a lock or a thread, or has ended to; or it ends altogether."""
        self._me().blocked = blocked
        if blocked and self._pausing:
            self._let_go()

    def _me(self) -> Walker:
        walker = self._here.walker
        if walker is None:  # a thread that was not started through `threading`
            walker = self._here.walker = Walker(self.plan, "?")  # nobody waits for it: its end would not be seen
        return walker

    def _touch(self, me: Walker, place: Any, writes: bool) -> None:
        # What is shared stays shared, so each thread remembers it: without a GIL, a common table is a bottleneck.
        if place not in me.shared:
            if not self._sharing.matters(place, me.owner, writes):
                return
            if len(me.shared) > MANY:
                me.shared.clear()
            me.shared[place] = True
        self._pass(me)

    def _pass(self, me: Walker) -> None:
        me.passed += 1
        if self._pausing:
            self._let_go_at_goal()
        me.left -= 1
        if me.left <= 0:
            self._pause(me)

    def _pause(self, me: Walker) -> None:
        start = _clock()
        _sleep(0)
        if me.patience:
            self._wait_for_the_others(me)
        me.left, me.patience = next(me.pauses)
        me.slept += _clock() - start
        if me.slept > TIRED:
            me.slept, me.stride = 0.0, me.stride * WEARIER
        me.left *= me.stride

    def _wait_for_the_others(self, me: Walker) -> None:
        """Until they have passed as many points as the thread has patience, or none of them goes on."""
        me.gate = gate = allocate_lock()
        gate.acquire()
        me.goal = self._passed() + me.patience
        me.pausing = me.patience + 1
        self._pausing.append(me)
        self._let_go()
        gate.acquire(timeout=LONGEST)
        me.pausing = 0
        with suppress(ValueError):  # it was let go
            self._pausing.remove(me)

    def _let_go_at_goal(self) -> None:
        """A point has been passed: end the pauses that have waited for it."""
        passed = self._passed()
        for walker in self._pausing[:]:
            if walker.goal <= passed:
                self._end_pause(walker)

    def _let_go(self) -> None:
        """A thread has stopped going on: end the pauses of those that would now wait in vain."""
        for walker in self._pausing[:]:
            if not self._others_go_first(walker):
                self._end_pause(walker)

    def _end_pause(self, walker: Walker) -> None:
        gate = walker.gate
        try:
            self._pausing.remove(walker)
        except ValueError:  # another thread was faster, or the pause was too long
            return
        gate.release()

    def _passed(self) -> int:
        passed = 0
        for walker in self._walkers:
            passed += walker.passed
        return passed

    def _others_go_first(self, me: Walker) -> bool:
        """True while another thread is on its way, or pauses too but is less patient."""
        mine = me.pausing, me.label
        for walker in self._walkers:
            if (
                walker is not me
                and not walker.blocked
                and (not walker.pausing or (walker.pausing, walker.label) < mine)
            ):
                return True
        return False


class _Here(local):
    walker: Walker | None = None
