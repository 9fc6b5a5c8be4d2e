"""Which steps of a trace a reader needs: those on what threads share and change, and those that wait.

Left out are a thread's start, end and join, and what only one thread touches or nobody changes: in every
schedule these steps do the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.trace import Trace, TraceStep

LIFE = frozenset({"start", "begin", "join", "exit", "is_alive"})
LOOKS = frozenset({"read"})
WAITS = "waits"
"""The value of a line that says that a thread stands still."""


def waits(step: TraceStep) -> bool:
    """True for the line that says that a thread stands still; the step itself is carried out later, if ever."""
    return bool(step.waits_on) or step.value == WAITS


def relevant(trace: Trace) -> Trace:
    """The trace with the steps and the state that explain it; all of them where no step would be left.

    A step that follows left-out ones takes over whom they preempted; a wait and its being blocked become one,
    a sleep and its end as well.
    """
    contended = _contended(trace.steps)
    kept: list[TraceStep] = []
    preempted: set[str] = set()
    for step in trace.steps:
        if step.preempted:
            preempted.add(step.preempted)
        if step.operation in LIFE or (step.object and (root(step.object), step.operation in LOOKS) not in contended):
            continue
        if step.operation == "sleep" and not waits(step):  # its beginning has been shown
            continue
        state = {name: value for name, value in step.state.items() if (root(name), False) in contended}
        last = kept[-1] if kept else None
        if last and step.operation == "wake" and waits(step) and last.thread == step.thread:
            kept[-1] = replace(last, value=WAITS, waits_on=step.waits_on, state=state)
            continue
        left = last is not None and last.thread != step.thread and last.thread in preempted
        kept.append(replace(step, preempted=last.thread if last is not None and left else None, state=state))
        preempted.clear()
    return replace(trace, steps=tuple(kept)) if kept else trace


def root(name: str) -> str:
    """The container that an item's name begins with: `orders` for `orders['order 1']`."""
    return name.partition("[")[0]


def _contended(steps: Sequence[TraceStep]) -> set[tuple[str, bool]]:
    """(name, is it looked at) of what at least two threads touch and at least one changes or takes.

    To look at a name that nobody writes is to fetch a lock or a queue from where it is kept.
    """
    touched: dict[str, set[str]] = {}
    done: dict[str, set[str]] = {}
    for step in steps:
        touched.setdefault(root(step.object), set()).add(step.thread)
        done.setdefault(root(step.object), set()).add(step.operation)
    shared = [name for name, threads in touched.items() if len(threads) > 1 and done[name] - LOOKS]
    return {(name, False) for name in shared} | {(name, True) for name in shared if "write" in done[name]}
