"""Abstract programs and a tiny engine for them, so that strategies can be tested without real threads.

A program is one tuple of instructions per thread; thread 0 is main. An instruction is a tuple whose
first member is its kind. The machine follows the rules of the real engine: a step runs from one
scheduling point up to the next, a release is merged into the step before it (unless some lock is
probed), a blocked thread is simply not enabled, the clock moves only when nobody is enabled.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from harness.trace import GATED, WHOLE, Access, Operation, Step

Instruction = tuple[Any, ...]
Body = tuple[Instruction, ...]
PROBES = ("try", "timed", "locked")
OBSERVING = ("read", "join", "begin", "is_alive", "locked", "is_set")


@dataclass(frozen=True)
class Program:
    """`bodies[i]` is what thread i does; `start` instructions name threads in the order they are started."""

    bodies: tuple[Body, ...]
    values: dict[Any, int] = field(default_factory=dict)
    daemons: frozenset[int] = frozenset()

    @property
    def probed(self) -> bool:
        """Whether releases are scheduling points of their own."""
        return any(instruction[0] in PROBES for body in self.bodies for instruction in body)


def started(*bodies: Body, values: dict[Any, int] | None = None) -> Program:
    """A program whose main starts `bodies` and joins them, both in order."""
    threads = range(1, len(bodies) + 1)
    main = tuple(("start", t) for t in threads) + tuple(("join", t) for t in threads)
    return Program((main, *bodies), values or {})


class End(NamedTuple):
    """How an execution of a program ended: `outcome` is passed, deadlock, error or cut."""

    outcome: str
    result: Any


@dataclass(eq=False)
class Thread:
    """What a strategy sees of a thread, and the machine's own record of it."""

    index: int
    name: str
    pending: Operation = Operation("none")
    steps: int = 0
    at: int = -1
    alive: bool = False
    finished: bool = False
    wake: tuple[Any, ...] | None = None
    deadline: int | None = None
    locals: dict[str, Any] = field(default_factory=dict)

    def copy(self) -> Thread:
        twin = Thread.__new__(Thread)
        twin.__dict__.update(self.__dict__, locals=dict(self.locals))
        return twin


class Machine:
    """One execution in progress. `enabled` then `step`, until `enabled` is empty."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.threads = [Thread(i, f"T{i}") for i in range(len(program.bodies))]
        self.values = dict(program.values)
        self.owners: dict[str, int | None] = {}
        self.waiting: dict[str, tuple[int, ...]] = {}
        self.notified: frozenset[int] = frozenset()
        self.now = 0
        self.error = False
        self.cleared = False  # an event that was set
        self.probed = program.probed
        self._start(0)

    def copy(self) -> Machine:
        twin = Machine.__new__(Machine)
        twin.__dict__.update(self.__dict__)
        twin.threads = [thread.copy() for thread in self.threads]
        for name in ("values", "owners", "waiting"):
            setattr(twin, name, dict(getattr(self, name)))
        return twin

    def state(self) -> Any:
        """Everything the future depends on, as a comparable value."""
        threads = tuple(
            (t.at, t.alive, t.finished, t.wake, t.deadline, tuple(sorted(t.locals.items()))) for t in self.threads
        )
        held = tuple(sorted((k, v) for k, v in self.owners.items() if v is not None))
        waiting = tuple(sorted((k, v) for k, v in self.waiting.items() if v))
        values = tuple(sorted(self.values.items(), key=repr))
        return (threads, values, held, waiting, self.notified, self.now, self.error)

    def enabled(self) -> list[Thread]:
        """The threads that may go on, after moving the clock if nobody could; empty at the end."""
        while not self.over():
            ready = [t for t in self.threads if t.alive and not t.finished and self._ready(t)]
            if ready:
                return ready
            later = [t.deadline for t in self.threads if t.alive and not t.finished and t.deadline is not None]
            later = [deadline for deadline in later if deadline > self.now]
            if not later:
                return []
            self.now = min(later)
        return []

    def over(self) -> bool:
        """Main and every thread that is not a daemon have finished."""
        return all(t.finished or not t.alive or t.index in self.program.daemons for t in self.threads)

    def end(self) -> End:
        """The outcome and the final values, once nobody is enabled."""
        outcome = "error" if self.error else "passed" if self.over() else "deadlock"
        values = tuple(sorted(self.values.items(), key=repr))
        return End(outcome, (values, tuple(tuple(sorted(t.locals.items())) for t in self.threads)))

    def pending(self) -> dict[int, Operation]:
        """What each unfinished thread is about to do."""
        return {t.index: t.pending for t in self.threads if t.alive and not t.finished}

    def step(self, thread: Thread, enabled: list[Thread]) -> Step:
        """Carry out `thread`'s pending operation and all that follows up to its next scheduling point."""
        operation, time = thread.pending, self.now
        self._accesses: list[Access] = []
        self._released: list[str] = []
        self._begun: list[int] = []
        if operation.object is not None:
            looks = operation.kind in OBSERVING or (operation.kind, operation.key) == ("wait", GATED)
            mode = "r" if looks else "w"
            self._accesses.append(Access(operation.object, operation.key, mode))
        thread.steps += 1
        ready = {name: ("acquire", "wait") for name in ("s", "e") if self.values.get(name)}
        self._carry_out(thread)
        if thread.index in self.program.daemons:
            self._touch("exit", "r")
        return Step(
            thread.index, operation, tuple(dict.fromkeys(self._accesses)), tuple(self._released), tuple(self._begun),
            tuple(t.index for t in enabled), time, thread.finished, thread.wake is not None,
            tuple((obj, ready.get(obj, ())) for obj in ("s", "e") if any(a.object == obj for a in self._accesses)),
        )  # fmt: skip

    # One step.

    def _carry_out(self, thread: Thread) -> None:
        if thread.wake is not None:
            done = self._woken(thread)
        else:
            at_an_end = thread.at < 0 or thread.pending.kind == "exit"
            done = at_an_end or self._do(self.program.bodies[thread.index][thread.at], thread)
        if done:
            self._advance(thread)

    def _advance(self, thread: Thread) -> None:
        """Past the instruction just done, through what is no scheduling point, to the next one."""
        thread.at += 1
        thread.deadline = None
        body = self.program.bodies[thread.index]
        while thread.at < len(body):
            instruction = body[thread.at]
            if instruction[0] == "release" and not self.probed:
                self._release(instruction[1])
            elif instruction[0] == "skip":
                _, local, value, count = instruction
                thread.at += count if thread.locals.get(local) == value else 0
            else:
                self._announce(thread, instruction)
                return
            thread.at += 1
        if thread.index == 0 and self.program.daemons and thread.pending.kind != "exit":
            thread.pending = Operation("exit", "exit")
            return
        thread.finished = True
        self._touch(("thread", thread.index))

    def _announce(self, thread: Thread, instruction: Instruction) -> None:
        kind, obj = instruction[0], instruction[1]
        key = instruction[2] if kind in ("read", "write") else WHOLE
        if kind in ("start", "join", "is_alive"):
            obj = ("thread", obj)
        if kind in ("timed", "sleep"):
            thread.deadline = self.now + instruction[2]
        if kind == "sleep":
            obj = None
        kind, key = _SHOWN.get(kind, (kind, key))
        thread.pending = Operation(kind, obj, key)

    def _ready(self, thread: Thread) -> bool:
        kind, obj = thread.pending.kind, thread.pending.object
        if thread.deadline is not None and thread.deadline <= self.now:
            return True
        if thread.pending.key == GATED:
            return self.values.get(obj, 0) > 0
        if kind == "acquire":
            return self.owners.get(obj) is None
        if kind == "join":
            return self.threads[obj[1]].finished
        if kind == "down":
            return self.values.get(obj, 0) > 0
        if kind == "exit":
            return all(t.finished or t.index == 0 or t.index in self.program.daemons for t in self.threads if t.alive)
        if kind == "wake":
            return thread.wake is not None and self._can_wake(thread, *thread.wake)
        return kind != "sleep"

    def _can_wake(self, thread: Thread, kind: str, name: str) -> bool:
        if kind == "lock":
            return self.owners.get(name) is None
        return thread.index in self.notified and (kind != "strict" or self.owners.get(_lock_of(name)) is None)

    def _do(self, instruction: Instruction, thread: Thread) -> bool:
        """Carry out `instruction`; False where it blocked inside."""
        action: Callable[..., Any] = getattr(self, f"_do_{instruction[0]}")
        return action(thread, *instruction[1:]) is not False

    def _do_read(self, thread: Thread, obj: str, key: Any, local: str) -> None:
        if key is WHOLE:
            parts = [(k, v) for k, v in sorted(self.values.items(), key=repr) if isinstance(k, tuple) and k[0] == obj]
            thread.locals[local] = (self.values.get(obj, 0), tuple(parts)) if parts else self.values.get(obj, 0)
        else:
            thread.locals[local] = self.values.get((obj, key), 0)

    def _do_write(self, thread: Thread, obj: str, key: Any, value: Any) -> None:
        if isinstance(value, tuple):
            known = thread.locals.get(value[0], 0)
            value = (known[0] if isinstance(known, tuple) else known) + value[1]
        self.values[obj if key is WHOLE else (obj, key)] = value
        if key is WHOLE:
            for part in [k for k in self.values if isinstance(k, tuple) and k[0] == obj]:
                del self.values[part]

    def _do_poke(self, thread: Thread, obj: str, other: str, value: int) -> None:
        """One step that writes `other` only where it finds `obj` to be 0: what it touches depends on the schedule."""
        thread.locals[obj] = self.values.get(obj, 0)
        if not thread.locals[obj]:
            self.values[other] = value
            self._touch(other)

    def _do_acquire(self, thread: Thread, lock: str) -> None:
        self.owners[lock] = thread.index

    def _do_try(self, thread: Thread, lock: str, local: str) -> None:
        thread.locals[local] = int(self.owners.get(lock) is None)
        if thread.locals[local]:
            self.owners[lock] = thread.index

    def _do_timed(self, thread: Thread, lock: str, _: int, local: str) -> None:
        self._do_try(thread, lock, local)

    def _do_locked(self, thread: Thread, lock: str, local: str) -> None:
        thread.locals[local] = int(self.owners.get(lock) is not None)

    def _do_release(self, thread: Thread, lock: str) -> None:
        self._release(lock)

    def _do_request(self, thread: Thread, *_: Any) -> None:
        """Asks for a lock that it will then acquire: counted where bypasses are, and changes nothing."""

    _do_join = _do_sleep = _do_request

    def _do_start(self, thread: Thread, other: int) -> None:
        self._start(other)
        self._begun.append(other)

    def _do_is_alive(self, thread: Thread, other: int, local: str) -> None:
        thread.locals[local] = int(not self.threads[other].finished)

    def _do_down(self, thread: Thread, name: str) -> None:
        self.values[name] -= 1

    def _do_permit(self, thread: Thread, name: str) -> None:
        """A semaphore's acquire that waits before it begins."""
        self.values[name] -= 1

    def _do_pass(self, thread: Thread, *_: Any) -> None:
        """An event's wait that waits before it begins."""

    def _do_take(self, thread: Thread, name: str) -> bool:
        """A semaphore's acquire with a time limit: never refused, but it may block inside."""
        if self.values.get(name, 0) > 0:
            self.values[name] -= 1
            return True
        return self._sleep_on(thread, "again", name)

    def _do_give(self, thread: Thread, name: str) -> None:
        self.values[name] = self.values.get(name, 0) + 1
        self._wake_some(name, 1)

    def _do_wait(self, thread: Thread, name: str) -> bool:
        self._release(_lock_of(name))
        return self._sleep_on(thread, "strict" if name.isupper() else "loose", name)

    def _do_notify(self, thread: Thread, name: str, count: int = 1) -> None:
        self._wake_some(name, count)

    def _do_await(self, thread: Thread, name: str) -> bool:
        """An event's wait: passes where it is set, blocks inside where it is not."""
        return True if self.values.get(name) else self._sleep_on(thread, "event", name)

    def _do_set(self, thread: Thread, name: str) -> None:
        self.values[name] = 1
        self._wake_some(name, len(self.waiting.get(name, ())))

    def _do_clear(self, thread: Thread, name: str) -> None:
        self.cleared = self.cleared or bool(self.values.get(name))
        self.values[name] = 0

    def _do_is_set(self, thread: Thread, name: str, local: str) -> None:
        thread.locals[local] = self.values.get(name, 0)

    def _sleep_on(self, thread: Thread, kind: str, name: str) -> bool:
        self.waiting[name] = (*self.waiting.get(name, ()), thread.index)
        self.notified -= {thread.index}
        return self._block(thread, kind, name, name)

    def _block(self, thread: Thread, kind: str, name: str, obj: str) -> bool:
        thread.wake = (kind, name)
        thread.pending = Operation("wake", obj)
        return False

    def _wake_some(self, name: str, count: int) -> None:
        queue = self.waiting.get(name, ())
        self.waiting[name] = queue[count:]
        self.notified |= set(queue[:count])

    def _woken(self, thread: Thread) -> bool:
        """The step after a blocking one; False where it blocks again."""
        assert thread.wake is not None
        kind, name = thread.wake
        thread.wake = None
        if kind == "event":
            return True
        if kind == "again":
            return self._do_take(thread, name)
        lock = name if kind == "lock" else _lock_of(name)
        if self.owners.get(lock) is not None:
            self._touch(lock, "r")
            return self._block(thread, "lock", lock, thread.pending.object)
        self.owners[lock] = thread.index
        self._touch(lock)
        return True

    def _start(self, index: int) -> None:
        self.threads[index].alive = True
        self.threads[index].pending = Operation("begin", ("thread", index))

    def _release(self, lock: str) -> None:
        if self.owners.get(lock) is None:
            self.error = True
            self._touch(lock, "r")
        else:
            self.owners[lock] = None
            self._released.append(lock)

    def _touch(self, obj: Any, mode: str = "w") -> None:
        self._accesses.append(Access(obj, WHOLE, mode))


def _lock_of(condition: str) -> str:
    """The lock of condition `C1` or `c1` is `L1`."""
    return "L" + condition[1:]


_SHOWN = {
    "try": ("try_acquire", WHOLE), "timed": ("acquire", "timeout"), "poke": ("read", WHOLE),
    "take": ("acquire", WHOLE), "give": ("release", WHOLE), "permit": ("acquire", GATED), "pass": ("wait", GATED),
}  # fmt: skip
"""Instructions that a strategy sees as something else."""


class Executed(NamedTuple):
    """One execution under a strategy."""

    end: End
    steps: tuple[Step, ...]
    redundant: bool


def execute(program: Program, strategy: Any, max_steps: int = 10_000) -> Executed:
    """One execution of `program`; `strategy.begin` was called. A strategy may choose only what is enabled."""
    machine = Machine(program)
    steps: list[Step] = []
    strategy.watch(lambda: steps)
    running: Thread | None = None
    while enabled := machine.enabled():
        if len(steps) >= max_steps:
            strategy.end(steps, machine.pending(), cut=True)
            return Executed(End("cut", None), tuple(steps), strategy.redundant)
        chosen = enabled[0]
        if len(enabled) > 1:
            chosen = strategy.choose(enabled, running, len(steps))
            assert chosen in enabled, f"{strategy.name} chose a thread that is not enabled"
        steps.append(machine.step(chosen, enabled))
        running = None if chosen.finished else chosen
    strategy.end(steps if strategy.wants_steps else None, machine.pending())
    return Executed(machine.end(), tuple(steps), strategy.redundant)


def executions(program: Program, strategy: Any, limit: int = 100_000) -> Iterator[Executed]:
    """Executions of `program` until `strategy` has nothing left to try, at most `limit`."""
    index = 0
    while index < limit and strategy.begin(index):
        yield execute(program, strategy)
        index += 1
