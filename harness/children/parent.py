"""The warm parent: a process that forks one for each job, which forks the job's children. None has a second thread.

It is started by the harness as `python -c`, reads jobs (lines of JSON) from its standard input and writes what the
runs came to (lines of JSON, in the order of the runs) to its standard output; the end of its input is its own end.
All waiting is one `poll`, over the child's descriptors and the harness's, with the next deadline as its timeout.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
import traceback
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from math import inf
from time import monotonic  # the wall's, whatever the program's clock will be
from typing import Any

from harness.children.blocked import is_replaced, processor_time, sleeps, surely_blocked
from harness.children.child import CERTAIN, EXPLAIN, LOOK, LOOKS, RUNS, SAMPLE
from harness.children.forked import UNHEARD, Forked, end_orphans
from harness.children.job import End, Job, Run, cut_short
from harness.children.lines import Lines
from harness.children.performance import Stage
from harness.memory import limit_addresses
from harness.prctl import adopt_orphans, die_with

FIRST_LOOK = 0.02  # seconds after which a run is examined for a certain deadlock, then ever more seldom
LAST_LOOK = 0.25
_encode = json.JSONEncoder(default=vars).encode
PATIENCE = 2.0  # seconds a watchdog has for its answer


class Stopped(Exception):
    """The harness wants no more runs of this job, or is gone."""


class Runner:
    """Carries out one job. `private`: the descriptors that its children must not keep open; one has the orders."""

    def __init__(self, job: Job, orders: int, private: tuple[int, ...]) -> None:
        self.job = job
        self.orders = orders
        self.private = private
        if not job.spawn:
            self.stage = Stage(job)

    def runs(self) -> Iterator[Run]:
        """Every run in the order of its number; no new one is begun once the seconds are over."""
        numbers: Iterator[int] = count(self.job.first, self.job.step)
        if self.job.count is not None:
            numbers = islice(numbers, self.job.count)
        over = monotonic() + (inf if self.job.seconds is None else self.job.seconds)
        batch = RUNS if self.job.repeatable else 1
        left: list[int] = []
        while left := left or list(islice(numbers, batch)):
            for run in self._runs_of_one_child(tuple(left)):
                yield run
                left.remove(run.number)
                if monotonic() >= over:
                    return

    def _runs_of_one_child(self, numbers: tuple[int, ...]) -> Iterator[Run]:
        """At least the first of the runs, at most all."""
        if self.job.spawn:
            yield importlib.import_module("harness.children.spawning").run_spawned(self.job, numbers[0])
            return
        child = Forked(self.stage, numbers, self.private)
        try:
            for number in numbers:
                run, last = self._one(child, number)
                yield run
                if last:
                    return
        finally:
            child.end()

    def _one(self, child: Forked, number: int) -> tuple[Run, bool]:
        """What the child's current run came to, and whether it was the child's last."""
        agenda = Agenda(child, number, self.job.timeout)
        answer = self._wait(child, agenda)
        if answer and "garbled" in answer:
            text = cut_short("the program wrote into the lab's pipe")
            return Run(number, End.UNFINISHED, text, text, monotonic() - agenda.started), True
        if answer and answer["run"]["end"] == End.PASSED:
            return Run.from_json(answer["run"]), answer["last"]
        output = child.printed()
        if answer:
            return replace(Run.from_json(answer["run"]), output=output), answer["last"]
        if agenda.missed:
            return replace(agenda.from_outside(), output=output), True
        end, how = _how_it_ended(child.end())
        return Run(number, end, how, how, monotonic() - agenda.started, output), True

    def _wait(self, child: Forked, agenda: Agenda) -> dict[str, Any] | None:
        """The child's line about its run; None if there is none: it ended, or did not answer after its deadline."""
        poller = select.poll()
        for descriptor in (child.results, child.output, child.alive, self.orders):
            if descriptor >= 0:
                poller.register(descriptor, select.POLLIN)
        while True:
            if (answer := child.line()) is not None:
                return answer
            ready = {descriptor for descriptor, _ in poller.poll(agenda.milliseconds())}
            if self.orders in ready:
                raise Stopped
            for descriptor, take in ((child.output, child.drain), (child.results, child.hear)):
                if descriptor in ready and not take():
                    poller.unregister(descriptor)
                    ready.discard(descriptor)
            if child.results in ready:
                continue  # its last words come before its end
            if child.alive in ready or (child.alive < 0 and child.has_ended()):
                return None
            if not agenda.carry_on():
                return None


class Agenda:
    """What is due while a run goes on: looks for a certain deadlock, a sample, the deadline, the end of patience."""

    def __init__(self, child: Forked, number: int, timeout: float) -> None:
        self.child = child
        self.number = number
        self.timeout = timeout
        self.started = monotonic()
        self.missed = False
        self._pause = FIRST_LOOK
        self._look = self.started + min(FIRST_LOOK, timeout / 2)
        deadline = self.started + timeout
        self._dues = [(deadline + PATIENCE, ""), (deadline, EXPLAIN), *self._looks(), (deadline - timeout / 2, SAMPLE)]
        self._used = 0.0

    def _looks(self) -> Iterator[tuple[float, str]]:
        """The looks between the sample and the deadline, the last one first."""
        for number in range(LOOKS, 0, -1):
            yield self.started + self.timeout / 2 * (1 + number / (LOOKS + 1)), LOOK

    def milliseconds(self) -> float:
        """Until the next thing is due; a child whose end nobody tells is looked after every 10 ms."""
        due = min(self._dues[-1][0], self._look) - monotonic()
        return max(0.0, due if self.child.alive >= 0 else min(due, 0.01)) * 1000 + 0.1

    def carry_on(self) -> bool:
        """Do what is due. False when the child has not even answered after its deadline."""
        now = monotonic()
        if now >= self._look:
            self._pause = min(self._pause * 1.5, LAST_LOOK)
            self._look = now + self._pause
            if surely_blocked(self.child.pid, self.child.listen):
                self.child.tell(CERTAIN, self.number)
        if now >= self._dues[-1][0]:
            _, order = self._dues.pop()
            self.missed = not order
            if order:
                self._used = processor_time(self.child.pid)
                self.child.tell(order, self.number)
        return not self.missed

    def from_outside(self) -> Run:
        """The verdict on a child that cannot even tell where it hangs."""
        pid = self.child.pid
        if is_replaced(pid):
            why = "another program has taken the place of this one: killed from outside"
            return Run(self.number, End.UNFINISHED, str(End.UNFINISHED), why, self.timeout)
        may_end = processor_time(pid) - self._used > PATIENCE / 8 or sleeps(pid)  # C code that computes, or waits
        end = End.UNFINISHED if may_end else End.BLOCKED
        why = "one thread lets no other run, not even the watchdog: killed from outside, no stacks"
        return Run(self.number, end, str(end), why, self.timeout)


def serve() -> None:
    """The warm parent's whole life."""
    orders, replies = Lines(os.dup(0)), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    adopt_orphans()
    limit_addresses()
    while order := orders.next():
        if order != "stop":  # one that came too late
            if code := _in_a_process_of_its_own(order, orders.descriptor, replies):
                _send(replies, {"lost": code})
            _send(replies, {"done": True})


def _in_a_process_of_its_own(order: str, orders: int, replies: int) -> int:
    """Carry out a job where it can change nothing for the next one. Returns that process's exit code."""
    if not hasattr(os, "fork"):
        _carry_out(order, orders, replies)
        return 0
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            die_with(parent)
            adopt_orphans()
            _carry_out(order, orders, replies)
            os._exit(0)
        finally:
            os._exit(70)
    code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    if code:
        end_orphans()
    return code


def _carry_out(order: str, orders: int, replies: int) -> None:
    try:
        runner = Runner(Job(**json.loads(order)), orders, (orders, replies))
        gc.collect()
        gc.freeze()  # or the children's collections would copy every page of this process
        for run in runner.runs():
            _send(replies, {"run": run})
    except (Stopped, BrokenPipeError):  # the harness wants no more, or is gone
        pass
    except BaseException:
        _send(replies, {"fault": traceback.format_exc()})


def _send(replies: int, answer: dict[str, Any]) -> None:
    data = _encode(answer).encode() + b"\n"
    while data:
        data = data[os.write(replies, data) :]


def _how_it_ended(status: int) -> tuple[End, str]:
    code = os.waitstatus_to_exitcode(status)
    if code == UNHEARD:
        return End.UNFINISHED, cut_short("the program took away what the lab needs to be heard")
    if code >= 0:
        return End.CRASHED, f"the process ended itself with exit status {code}"
    try:
        return End.CRASHED, f"the process was killed by {signal.Signals(-code).name}"
    except ValueError:
        return End.CRASHED, f"the process was killed by signal {-code}"
