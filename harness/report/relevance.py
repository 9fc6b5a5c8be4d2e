"""Which steps of a trace a reader needs: the race itself, and who waits for whom.

Kept is what several threads touch and one of them changes, and every wait. Left out are the life of threads,
what only one thread touches or nobody changes (in every schedule these steps do the same), and the taking and
giving back of a lock that nobody had to wait for: who holds it stands beside the lanes. Where threads have ended up
holding what others want, only that is kept: who took it, and who waits.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from harness.outcome import Outcome
from harness.trace import WAITS, WENT_IN, Trace, TraceStep

LIFE = frozenset({"start", "begin", "end", "join", "exit", "is_alive", "enumerate"})
LOOKS = frozenset({"read"})
LOCKING = frozenset({"acquire", "release"})
IDLE = "._idle_semaphore"
"""How the name of a ThreadPoolExecutor's own bookkeeping ends: it counts the workers that have nothing to do."""

FILES = "FileSystem"
"""The name of whatever lies outside of the program's memory."""


def waits(step: TraceStep) -> bool:
    """True for the line that says that a thread stands still; the step itself is carried out later, if ever."""
    return bool(step.waits_on) or step.value in (WAITS, WENT_IN)


def relevant(trace: Trace, outcome: Outcome, message: str = "") -> Trace:
    """The trace with the steps and the state that explain its outcome; all of them where no step would be left.

    A step that follows left-out ones takes over whom they preempted.
    """
    before = _until_the_failure(trace.steps, outcome, message)
    deadlock = _deadlock(before) if outcome is Outcome.DEADLOCK else []
    steps = deadlock or _race(before) or [s for s in before if s.operation not in LIFE]
    if not steps:
        return trace
    named = {root(step.object) for step in steps}
    lines = _waits_in_one_line(list(_files_once(steps)), trace.steps)
    kept = list(_with_preemptions(trace.steps, lines))
    state = [{name: value for name, value in s.state.items() if root(name) in named} for s in kept]
    return replace(trace, steps=tuple(replace(step, state=now) for step, now in zip(kept, state, strict=True)))


def failing_step(trace: Trace, outcome: Outcome, message: str) -> TraceStep | None:
    """The step in which the failure shows: where the message says, else the last one that matters, in program code."""
    carried_out = [step for step in trace.steps if not waits(step) and step.file]
    matters = [step for step in relevant(trace, outcome, message).steps if not waits(step) and step.file]
    failed = [step for step in carried_out if message.startswith(f"{step.thread}: ")]
    there = [step for step in failed if f" ({Path(step.file).name}:{step.line})" in message]
    before = [step for step in matters if any(step.thread == other.thread for other in failed)]
    return next((steps[-1] for steps in (there, before, matters, carried_out) if steps), None)


def root(name: str) -> str:
    """The container that an item's name begins with: `orders` for `orders['order 1']`."""
    return name.partition("[")[0]


def _until_the_failure(steps: Sequence[TraceStep], outcome: Outcome, message: str) -> Sequence[TraceStep]:
    """What others do after the thread has failed that `message` begins with changes nothing any more."""
    failed = message.partition(": ")[0] if outcome in (Outcome.VIOLATED, Outcome.CRASHED) else ""
    last = max((at for at, step in enumerate(steps, 1) if step.thread == failed), default=len(steps))
    return steps[:last]


def _deadlock(steps: Sequence[TraceStep]) -> list[TraceStep]:
    """Where threads wait in the end for locks that others hold: who took these last, and who waits. Else nothing."""
    ended = _waiting_in_the_end(steps)
    wanted = {step.object for step in ended if step.operation == "acquire" and step.waits_on}
    if not wanted or any(step.operation not in LIFE | {"acquire"} for step in ended):
        return []
    taken = {step.object: step for step in steps if step.operation == "acquire" and not waits(step)}
    shown = [step for step in (*taken.values(), *ended) if step.object in wanted]
    return sorted(shown, key=steps.index)


def _waiting_in_the_end(steps: Sequence[TraceStep]) -> list[TraceStep]:
    last = {step.thread: step for step in steps}
    return [step for step in last.values() if waits(step)]


def _race(steps: Sequence[TraceStep]) -> list[TraceStep]:
    """The steps on what threads contend for; of locks only those that somebody had to wait for, if others are left."""
    contended = _contended(steps)
    shown = [s for s in steps if s.operation not in LIFE and (waits(s) or _is_shared(s, contended))]
    refused = {step.object for step in shown if waits(step) and step.operation in LOCKING}
    without = [s for s in shown if not _is_locking(s) or (s.object in refused and s.operation == "acquire")]
    return without if any(step.object for step in without) else shown


def _is_locking(step: TraceStep) -> bool:
    """A lock's own operation: locks stand in the state, semaphores, which have the same operations, do not."""
    return step.operation in LOCKING and step.lock


def _is_shared(step: TraceStep, contended: set[tuple[str, bool]]) -> bool:
    if step.object.endswith(IDLE):
        return False
    if step.shared is not None:
        return step.shared
    return not step.object or (root(step.object), step.operation in LOOKS) in contended


def _contended(steps: Sequence[TraceStep]) -> set[tuple[str, bool]]:
    """(name, is it looked at) of what at least two threads touch and at least one changes or takes.

    Known by name only, for traces that do not say it themselves. To look at a name that nobody writes is
    to fetch a lock or a queue from where it is kept.
    """
    touched: dict[str, set[str]] = {}
    done: dict[str, set[str]] = {}
    for step in steps:
        touched.setdefault(root(step.object), set()).add(step.thread)
        done.setdefault(root(step.object), set()).add(step.operation)
    shared = [name for name, threads in touched.items() if len(threads) > 1 and done[name] - LOOKS]
    return {(name, False) for name in shared} | {(name, True) for name in shared if "write" in done[name]}


def _files_once(steps: Sequence[TraceStep]) -> Iterator[TraceStep]:
    """Of the calls that one line makes on files, one after the other, the first."""
    last = None
    for step in steps:
        place = (step.thread, step.operation, step.file, step.line) if step.object == FILES else None
        if place is None or place != last:
            yield step
        last = place


def _waits_in_one_line(steps: Sequence[TraceStep], every: Sequence[TraceStep]) -> list[TraceStep]:
    """An operation and its being blocked inside become one line, a sleep and its end as well.

    `every` has the operations, also those that are not among the steps: a thread is blocked right after its own.
    """
    begun = {(step.step, step.thread): step for step in every if not waits(step)}
    kept: list[TraceStep] = []
    for step in steps:
        if step.operation == "sleep" and not waits(step):  # its beginning has been shown
            continue
        operation = begun.get((step.step - 1, step.thread))
        if operation and step.operation == "wake" and waits(step):
            if kept and kept[-1] == operation:
                kept.pop()
            step = replace(operation, value=WENT_IN, waits_on=step.waits_on, state=step.state)
        kept.append(step)
    return kept


def _with_preemptions(steps: Sequence[TraceStep], kept: Sequence[TraceStep]) -> Iterator[TraceStep]:
    """The kept steps; each says whether the thread of the one before was preempted since, the first whether any was."""
    places = {(step.step, step.thread): at for at, step in enumerate(steps)}
    since, last = 0, ""
    for step in kept:
        at = places[step.step, step.thread]
        preempted = {s.preempted for s in steps[since : at + 1]}
        left = last or next(filter(None, (s.preempted for s in reversed(steps[since : at + 1]))), "")
        yield replace(step, preempted=left if left != step.thread and left in preempted else None)
        since, last = at + 1, step.thread
