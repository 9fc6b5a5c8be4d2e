"""The warm parent: a process that forks one child per run and never has a second thread.

It is started by the harness as `python -c`, reads jobs (lines of JSON) from its standard input and writes what the
runs came to (lines of JSON, in the order of the runs) to its standard output; the end of its input is its own end.
All waiting is one `poll`, over the child's descriptors and the harness's, with the next deadline as its timeout.
"""

from __future__ import annotations

import ctypes
import gc
import json
import os
import select
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from harness.children.blocked import children_of, processor_time, surely_blocked
from harness.children.child import Child
from harness.children.job import End, Job, Run
from harness.children.modules import Modules, import_ahead
from harness.children.spawning import run_spawned

OUTPUT = 4000  # characters of a failed run's output that are kept
FIRST_LOOK = 0.02  # seconds after which a run is examined for a certain deadlock, then ever more seldom
LAST_LOOK = 0.25
BETWEEN_SAMPLES = 0.5  # seconds between the watchdog's two samples, less where the deadline is short
PATIENCE = 1.0  # seconds a watchdog has for its answer
_KILL_ME = 1  # PR_SET_PDEATHSIG
_SLACK = 29  # PR_SET_TIMERSLACK
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER

_prctl: Any = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None


class Stopped(Exception):
    """The harness wants no more runs of this job, or is gone."""


class Orders:
    """The harness's end of the parent's standard input."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""

    def next(self) -> str | None:
        """The next line, without the stops that came too late; None at the end."""
        while b"\n" not in self._rest:
            chunk = os.read(self.descriptor, 65536)
            if not chunk:
                return None
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        return self.next() if line == b"stop" else line.decode()


class Forked:
    """One child and the parent's ends of its pipes."""

    def __init__(self, job: Job, modules: Modules, number: int, private: tuple[int, ...]) -> None:
        """private: descriptors of the parent that are no business of a child's."""
        results, say = os.pipe()
        output, write = os.pipe()
        listen, control = os.pipe()
        self.started = time.monotonic()
        self.pid = os.fork()
        if self.pid == 0:
            _be_child(job, modules, number, (say, write, listen), (results, output, control, *private))
        for descriptor in (say, write, listen):
            os.close(descriptor)
        self.results, self.output, self.control, self.listen = results, output, control, listen
        self.alive = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        self.printed = b""
        self.unread = b""

    def tell(self, order: bytes) -> None:
        try:
            os.write(self.control, order)
        except OSError:  # it is dead already
            pass

    def drain(self) -> bool:
        """Take what the child has printed and keep the beginning. False at the end of its output."""
        chunk = os.read(self.output, 65536)
        self.printed = (self.printed + chunk)[: 4 * OUTPUT]
        return bool(chunk)

    def answer(self) -> str | None:
        """The child's line, once all of it is here."""
        self.unread += os.read(self.results, 65536)
        line, end, _ = self.unread.partition(b"\n")
        return line.decode() if end else None

    def end(self) -> int:
        """Kill the child and everything it started. Returns its wait status."""
        for kill in (os.killpg, os.kill):
            try:
                kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        _, status = os.waitpid(self.pid, 0)
        _end_orphans()
        for descriptor in (self.results, self.output, self.control, self.alive):
            if descriptor >= 0:
                os.close(descriptor)
        return status


def _be_child(
    job: Job, modules: Modules, number: int, own: tuple[int, int, int], others: tuple[int, ...]
) -> NoReturn:
    """In the child, right after the fork."""
    try:
        parent = os.getppid()
        os.setsid()
        for descriptor in others:
            os.close(descriptor)
        say, write, listen = own
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(write)
        if _prctl is not None:
            _prctl(_KILL_ME, signal.SIGKILL)
            _prctl(_SLACK, 1)
        if os.getppid() != parent:
            os._exit(0)
        child = Child(job, modules, number, say)
        child.watch(lambda: os.read(listen, 1))
        child.run()
    finally:
        os._exit(70)


def _end_orphans() -> None:
    """End what left the child's group: this process adopts such orphans, where the system has that notion."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                for pid in children_of(os.getpid()):
                    os.kill(pid, signal.SIGKILL)
                time.sleep(0.001)
        except ChildProcessError:
            return
        except ProcessLookupError:
            pass


class Runner:
    """Carries out one job, run by run."""

    def __init__(self, job: Job, orders: Orders, replies: int) -> None:
        self.job = job
        self.orders = orders
        self.replies = replies
        path = Path(job.path)
        import_ahead(job.source, str(path.parent))
        self.modules = Modules(path, job.source, job.oracle and Path(job.oracle), _compiler(job.mode))

    def runs(self) -> Iterator[Run]:
        began = time.monotonic()
        done = 0
        while self.job.count is None or done < self.job.count:
            if done and self.job.seconds is not None and time.monotonic() - began >= self.job.seconds:
                return
            yield self.run(self.job.first + done * self.job.step)
            done += 1

    def run(self, number: int) -> Run:
        if self.job.spawn:
            return run_spawned(self.job, number)
        child = Forked(self.job, self.modules, number, (self.orders.descriptor, self.replies))
        try:
            run = self._wait(child, number)
        finally:
            status = child.end()
        if run is None:
            run = Run(number, End.CRASHED, how := _how_it_ended(status), how, time.monotonic() - child.started)
        return replace(run, output=_text(child.printed)) if run.end is not End.PASSED else run

    def _wait(self, child: Forked, number: int) -> Run | None:
        """The run as the child tells it, or as it looks from outside; None if it ended without a word."""
        poller = select.poll()
        for descriptor in (child.results, child.output, child.alive, self.orders.descriptor):
            if descriptor >= 0:
                poller.register(descriptor, select.POLLIN)
        agenda = _Agenda(child, self.job.timeout)
        while True:
            ready = {descriptor for descriptor, _ in poller.poll(agenda.milliseconds())}
            if child.output in ready and not child.drain():
                poller.unregister(child.output)
            if child.results in ready and (line := child.answer()) is not None:
                _drain_rest(child)
                return Run.from_json(json.loads(line))
            if child.alive in ready or (child.alive < 0 and _has_ended(child.pid)):
                _drain_rest(child)
                return None
            if self.orders.descriptor in ready:
                raise Stopped
            if not ready and not agenda.carry_on():
                return Run(number, *agenda.from_outside(), self.job.timeout)


class _Agenda:
    """What is due when, while a run goes on: looks for a certain deadlock, then the two samples, then the end."""

    def __init__(self, child: Forked, timeout: float) -> None:
        self.child = child
        self.timeout = timeout
        self.look = FIRST_LOOK
        deadline = child.started + timeout
        self.looks = [child.started + min(FIRST_LOOK, timeout / 2)]
        self.dues = [(deadline + PATIENCE, b""), (deadline, b"2"), (deadline - min(BETWEEN_SAMPLES, timeout / 4), b"1")]
        self.used = 0

    def milliseconds(self) -> float:
        due = min(self.dues[-1][0], self.looks[-1])
        longest = 1e9 if self.child.alive >= 0 else 0.01
        return max(0.0, min(longest, due - time.monotonic()) * 1000) + 0.2

    def carry_on(self) -> bool:
        """Do what is due. False when the child has not even answered after its deadline."""
        now = time.monotonic()
        if now >= self.looks[-1]:
            self.look = min(self.look * 1.5, LAST_LOOK)
            self.looks[-1] = now + self.look
            if surely_blocked(self.child.pid, self.child.listen):
                self.child.tell(b"!")
        if now >= self.dues[-1][0]:
            _, order = self.dues.pop()
            if not order:
                return False
            self.used = processor_time(self.child.pid)
            self.child.tell(order)
        return True

    def from_outside(self) -> tuple[End, str, str]:
        """The verdict on a child that cannot even tell where it hangs."""
        busy = processor_time(self.child.pid) > self.used
        end = End.SPINNING if busy else End.BLOCKED
        return end, str(end), "no thread of the program lets another one run: killed from outside, no stacks"


def _drain_rest(child: Forked) -> None:
    """Take what had been printed before the last word."""
    os.set_blocking(child.output, False)
    try:
        while child.drain():
            pass
    except BlockingIOError:
        pass


def _has_ended(pid: int) -> bool:
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None


def _how_it_ended(status: int) -> str:
    code = os.waitstatus_to_exitcode(status)
    if code >= 0:
        return f"the process ended itself with exit status {code}"
    try:
        return f"the process was killed by {signal.Signals(-code).name}"
    except ValueError:
        return f"the process was killed by signal {-code}"


def _text(printed: bytes) -> str:
    text = printed.decode("utf-8", "replace")
    return text if len(text) <= OUTPUT else text[:OUTPUT] + "\n… (cut)"


def _compiler(mode: str) -> Any:
    return lambda source, filename: compile(source, filename, "exec", dont_inherit=True)


def serve() -> None:
    """The warm parent's whole life."""
    orders, replies = Orders(os.dup(0)), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.close(nothing)
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, errors="backslashreplace")  # type: ignore[union-attr]
    if _prctl is not None:
        _prctl(_ADOPT, 1)
    while (line := orders.next()) is not None:
        try:
            for answer in _carried_out(line, orders, replies):
                _send(replies, answer)
        except Stopped:
            pass
        except BaseException:
            _send(replies, {"fault": traceback.format_exc()})
        _send(replies, {"done": True})


def _carried_out(line: str, orders: Orders, replies: int) -> Iterator[Any]:
    runner = Runner(Job(**json.loads(line)), orders, replies)
    gc.collect()
    gc.freeze()
    for run in runner.runs():
        yield {"run": run}


def _send(replies: int, answer: Any) -> None:
    data = json.dumps(answer, default=vars).encode() + b"\n"
    while data:
        data = data[os.write(replies, data) :]
