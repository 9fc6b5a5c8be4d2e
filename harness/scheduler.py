"""The scheduler: real threads, one at a time. The only file that blocks a real thread.

Every program thread is a real thread that runs only while it holds the baton. A thread gives the
baton away at a *scheduling point*, always before an operation takes effect:

    program code ── point(operation) ──> _arrive ──> _next ──> strategy.choose ──> hand over

The thread that arrives does the choosing itself; there is no scheduler thread, so staying on the
chosen thread costs no switch at all, and a switch costs one lock released and one acquired. The
thread that calls `run` is the program's main thread. All others ride on carriers: pooled threads
that outlive an execution, because starting one costs more than many steps.

A blocked thread is one whose `wants` is held. Everything that can block stands on that one rule: a
lock is held while it has an owner, a thread is held until it has finished (join), `NEVER` is always
held (sleep). A deadline makes a blocked thread enabled once the virtual clock has reached it, and
the clock moves only when nobody is enabled. With no deadline left either, the execution is stuck.

An execution ends when main leaves `run`'s body, or by `stop` (stuck, step bound). Then `unwinding`
is set and every point raises `Unwind` in the threads that are left, one after the other, so that
their carriers come back; what a program does while it is unwound is noise and is not recorded.

What is *not* here: which thread is next (a strategy), what a lock or a queue is (world/), what a
trace means (detectors/), what an execution came to (execution.py).
"""

from __future__ import annotations

import _thread
import sys
from collections.abc import Callable, Hashable, Iterator
from contextvars import Context

from harness.bypasses import Bypasses
from harness.carriers import Carrier, Carriers, park
from harness.steps import StepLog
from harness.task import Both, Holdable, Policy, Recorder, Task, waiting_in_line
from harness.trace import CLOCK, WHOLE, Operation, Step
from harness.unwinding import HOPELESS, STUBBORN, Unwind, caller, raise_in_handlers, stop_raising


class Scheduler:
    """Carries executions out, one after the other, each under the strategy it is handed.

    Use: `run(body, strategy, …)` once per execution. During it, `point`, `block`, `spawn`, `touch`
    are called by the world on behalf of the running thread, which is `current`.
    """

    def __init__(self) -> None:
        self.carriers = Carriers(self._carry)
        self.abandoned = 0
        self.probed = False
        self.release_points = False
        self.request_points = self.end_points = self.arrival_points = False
        self.unseeded = self.timed = self.order_shows = False
        self.on_clock: Callable[[], None] | None = None
        self.active = self.unwinding = False
        self.noting: StepLog | None = None
        self.current: Task = Task(0, "MainThread", False, _thread.allocate_lock())
        self.tasks = self.live = [self.current]

    def run(
        self,
        body: Callable[[], None],
        strategy: Policy,
        tail: Policy,
        *,
        tail_from: int,
        max_steps: int,
        log_steps: bool = False,
        recorder: Recorder | None = None,
        early_timeouts: bool = False,
        epoch: int = 0,
        on_stop: Callable[[], None] | None = None,
        on_second: Callable[[], None] | None = None,
    ) -> None:
        """Run `body` as the main thread under `strategy`; from step `tail_from` on under `tail`.

        What a policy raises ends the execution and is raised here, and so is RecursionError(thread, file, line)
        where the program has left no room for the lab. Ends after at most `max_steps` steps. `ended` then says
        how: "" when body came to its end, "stuck", "closed" (a set of threads waits for itself, others may still
        run; not looked for while steps are logged, for a search must see what the others would do) or "bound"
        (or what a policy said to `stop`) otherwise. `epoch` is the virtual time at the start, in ns.
        `on_second` is called just before the second thread starts; `on_stop` when the execution is
        stopped, while every thread still stands where it was. A policy may set `on_clock`, which is
        called whenever somebody reads the clock.
        """
        baton = _thread.allocate_lock()
        baton.acquire()
        main = Task(0, "MainThread", False, baton)
        main.steps = 1
        main.ident = _MAIN_IDENT
        self.host_ident = _thread.get_ident()
        self.tasks = [main]
        self.names = {main.name}
        self.live = [main]
        self.main = self.current = main
        self.strategy, self.tail, self.tail_from, self.max_steps = strategy, tail, tail_from, max_steps
        self.early_timeouts = early_timeouts
        self.now = epoch
        self.steps = 1
        self.schedule: list[int] = [0]
        self.ended = ""
        self.failure: Exception | None = None
        self.stopped_at: dict[int, Operation] = {}
        self.bypasses = Bypasses(self.live)
        self.unawaited = 0
        self.noting = StepLog() if log_steps else None
        self.closes_early = recorder is not None or not log_steps
        self.recorder, self.on_stop, self.on_second = recorder, on_stop, on_second
        self.watched = log_steps or recorder is not None
        self.on_clock = None
        self.clock_reads: dict[int, tuple[int, int, int]] = {}
        self.unwinding = False
        if self.noting is not None:
            self.noting.opens(main, (0,), epoch)
        self.active = True
        try:
            body()
        except Unwind:
            pass
        finally:
            stop_raising(main.unwound)
            self._close()
        if self.failure is not None:
            raise self.failure

    def point(self, operation: Operation, wants: Holdable | None = None, deadline: int | None = None) -> None:
        """A scheduling point: the running thread is about to carry out `operation`.

        Returns when it is chosen. With `wants` the thread is enabled only while that is not held, or
        from `deadline` (virtual ns) on; `current.timed_out` then tells which it was.
        """
        me = self.current
        if self.unwinding:
            self._raise(me)
        me.pending = operation
        me.wants = wants
        me.deadline = deadline
        if deadline is not None and deadline > self.now:
            self.timed = True
            self.looks_at_clock()
        try:
            chosen = self._next(me)
        except Exception as error:  # a policy or a watcher may be half-way through: nothing can go on from here
            if isinstance(error, RecursionError):
                error.args = (me.name, *caller(sys._getframe(1)))
            chosen = self._failed(error)
        if chosen is not me:
            self.current = chosen
            chosen.baton.release()
            me.baton.acquire()
            if self.carriers.leaving is not None:
                self.carriers.await_leaving()
        me.subject = None
        if self.unwinding:
            self._raise(me)
        if wants is not None:
            me.timed_out = wants.held
            me.wants = None
            me.asked = False

    def block(self, wants: Holdable, deadline: int | None = None) -> bool:
        """The running thread cannot go on inside its operation until `wants` is free; False on a time-out.

        Not a scheduling point while `wants` is free: an operation is one step until it blocks.
        """
        me = self.current
        if self.unwinding:
            self._raise(me)
        if not wants.held:
            return True
        call = me.call or me.pending
        me.asked, me.subject = True, me.called
        if self.noting is not None:
            self.noting.blocked = True
        until = wants if me.reentry is None else Both(wants, me.reentry)
        self.point(Operation("wake", call.object, WHOLE, call.site), until, deadline)
        return not wants.held

    def looks_at_clock(self) -> None:
        """What the running step does depends on the time. That is an order of steps only where they make it pass."""
        if self.early_timeouts:
            self.touch(CLOCK, "r")

    def spawn(self, body: Callable[[], None], name: str, daemon: bool) -> Task:
        """A new thread, enabled at once, which will run `body`."""
        if len(self.tasks) == 1 and self.on_second is not None:
            self.on_second()
        carrier = self.carriers.take()
        task = Task(len(self.tasks), self._unique(name), daemon, carrier.baton)
        task.carrier = carrier
        carrier.job = (task, body)
        self.tasks.append(task)
        self.live.append(task)
        if self.noting is not None:
            self.noting.starts(task)
        return task

    def touch(self, object: Hashable, mode: str = "w", key: Hashable = WHOLE) -> None:
        """The running step also touches `object` (beyond its operation's own)."""
        if self.noting is not None:
            self.noting.touches(object, key, mode)

    def turned_out(self, operation: Operation) -> None:
        """The running step does this: others have changed meanwhile what it had announced."""
        if self.noting is not None:
            self.noting.operation = operation

    def gave_up(self, lock: Hashable) -> None:
        """The running step released `lock`."""
        if self.noting is not None:
            self.noting.released.append(lock)

    def new_token(self) -> int:
        """A token for an object that the running thread creates: its n-th, whatever the schedule."""
        me = self.current
        me.created += 1
        return (1 << 32) + (me.index << 20) + me.created

    def blocked_frames(self) -> Iterator[tuple[Task, int]]:
        """Unfinished threads with the identity of the real thread that carries each."""
        for task in self.live:
            yield task, task.carrier.ident if task.carrier else self.host_ident

    def waits_for_ever(self, task: Task) -> bool:
        """True where `task`, who could free it, who could free that one … lead round in a circle.

        Certain while others still run: an RLock is released by its owner only, a thread is ended by itself only.
        """
        seen: list[Task] = []
        at: Task | None = task
        while at is not None and at not in seen:
            wants = at.wants
            if wants is None or at.deadline is not None or not wants.held:
                return False
            seen.append(at)
            at = wants.releaser
        return at is not None and not all(member.daemon for member in seen)

    def stop(self, reason: str) -> None:
        """Ends the execution: every thread is unwound at its next scheduling point."""
        self.ended = reason
        self.stopped_at = {task.index: task.pending for task in self.live}
        if self.on_stop is not None:
            self.on_stop()
        self.unwinding = True

    # The loop: who arrives chooses who goes on.

    def _next(self, running: Task | None) -> Task:
        if self.watched:
            self._step_is_over(running)
        if running is not None and running.wants is not None and self.closes_early and self.waits_for_ever(running):
            return self._stopped("closed")
        enabled = self._enabled()
        while not enabled:
            if not self._advance():
                return self._stopped("stuck")
            enabled = self._enabled()
        step = self.steps
        if step >= self.max_steps:
            return self._stopped("bound")
        policy = self.strategy if step < self.tail_from else self.tail
        if len(enabled) == 1 and not policy.every_step:
            chosen = enabled[0]
        else:
            chosen = policy.choose(enabled, running, step)
            if self.unwinding:  # a tail that has seen enough (a verified lasso) stops the execution, too
                return self.main
        self.steps = step + 1
        self.schedule.append(chosen.index)
        chosen.steps += 1
        if self.watched:
            self._step_begins(chosen, enabled)
        until, wants = chosen.deadline, chosen.wants
        if until is not None and wants is not None and wants.held:  # early, it makes time pass; else others may have
            late, self.now = until > self.now, max(until, self.now)
            self.touch(CLOCK, "w" if late else "r")
        return chosen

    def _stopped(self, reason: str) -> Task:
        self.stop(reason)
        return self.main

    def _failed(self, error: Exception) -> Task:
        """It must not end up in the program's thread that happens to choose."""
        self.failure, self.ended, self.unwinding = error, "failed", True
        return self.main

    def _enabled(self) -> list[Task]:
        enabled = []
        until = FOREVER if self.early_timeouts else self.now
        for task in self.live:
            wants = task.wants
            if wants is None or not wants.held or (task.deadline is not None and task.deadline <= until):
                enabled.append(task)
        return enabled

    def _advance(self) -> bool:
        deadlines = [t.deadline for t in self.live if t.wants is not None and t.deadline is not None]
        if deadlines:
            self.now = min(deadlines)
            if not self.arrival_points and waiting_in_line(self.live):
                self.order_shows = True
        return bool(deadlines)

    def _finish(self, task: Task) -> None:
        task.held = False
        self.unawaited += 1
        self.live.remove(task)
        if self.unwinding:
            self.main.baton.release()
            return
        try:
            if self.noting is not None:
                self.noting.ends(task)
            if self.recorder is not None:
                self.recorder.arrived(task)
            chosen = self._next(None)
        except Exception as error:
            chosen = self._failed(error)
        self.current = chosen
        chosen.baton.release()

    def _close(self) -> None:
        """Unwinds what is left; afterwards every carrier is back in the pool or given up."""
        if not self.unwinding:
            self.stopped_at = {task.index: task.pending for task in self.live if task is not self.main}
            if self.noting is not None:
                self.noting.closes()
        self.unwinding = True
        for task in [t for t in self.live if t is not self.main]:
            self.current = task
            task.baton.release()
            self.main.baton.acquire()
            self.carriers.await_leaving()
        self.current = self.main
        self.active = False

    def _raise(self, me: Task) -> None:
        me.unwound += 1
        if me.unwound > STUBBORN and self.active:
            if me.unwound > HOPELESS and me.carrier is not None:
                self.abandoned += 1
                self.live.remove(me)
                self.main.baton.release()
                park()
            raise_in_handlers(sys._getframe(2))
        raise Unwind

    # Those who watch the steps: a search's log, a recording.

    @property
    def log(self) -> list[Step] | None:
        """The steps so far, where they are logged."""
        return None if self.noting is None else self.noting.steps

    def _step_is_over(self, running: Task | None) -> None:
        if self.noting is not None:
            self.noting.closes()
        if self.recorder is not None and running is not None:
            self.recorder.arrived(running)

    def _step_begins(self, chosen: Task, enabled: list[Task]) -> None:
        if self.noting is not None:
            self.noting.opens(chosen, tuple(task.index for task in enabled), self.now)
        if self.recorder is not None:
            self.recorder.chosen(chosen, enabled)

    def _unique(self, name: str) -> str:
        if name in self.names:
            name = next(candidate for n in range(2, 10**6) if (candidate := f"{name}.{n}") not in self.names)
        self.names.add(name)
        return name

    def _carry(self, carrier: Carrier) -> None:
        carrier.ident = self.carriers.begins()
        riding = True
        while riding:
            carrier.baton.acquire()
            self.carriers.await_leaving()
            assert carrier.job is not None
            task, body = carrier.job
            carrier.job = None
            if not self.unwinding:
                try:
                    Context().run(body)
                except Unwind:
                    pass
            stop_raising(task.unwound)
            body = None  # type: ignore[assignment]  # nothing of the program may outlive it in a carrier's frame
            riding = self.carriers.give_back(carrier)
            self._finish(task)
            del task


_MAIN_IDENT = 999

FOREVER = float("inf")
