"""One step of a trace, told in full: where it is, what it did, and how things stood then."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from pathlib import Path

from harness.report.lanes import describe
from harness.report.relevance import waits
from harness.report.text import Style, clip, fold
from harness.trace import Trace, TraceStep

AROUND = 2
"""Lines of source shown before and after the step's own."""

CODE = 70
"""Columns of a line of source."""


def step_text(trace: Trace, number: int, style: Style) -> str:
    """Step `number` of the trace, which must have it."""
    return "\n".join(_lines(trace, number, style))


def carried_out(trace: Trace) -> dict[int, TraceStep]:
    """The steps by their numbers, without the lines that only say who waits."""
    return {step.step: step for step in trace.steps if not waits(step)}


def _lines(trace: Trace, number: int, style: Style) -> Iterator[str]:
    steps = carried_out(trace)
    step = steps[number]
    yield style.paint(f"step {number} of {max(steps)}: {step.thread}  {describe(step)}", "bold")
    yield from _source(step, style)
    if step.preempted:
        yield f"  {clip(step.preempted, 30)} was preempted before it"
    if step.locks:
        yield fold(", ".join(step.locks), "  holds    ")
    for name, value in step.state.items():
        yield f"  state    {clip(name, 30)} = {clip(value, 34) or '(nobody)'}"
    for thread in trace.threads:
        yield from _standing(trace, step, thread)


def _source(step: TraceStep, style: Style) -> Iterator[str]:
    if not step.file:
        return
    yield f"  at       {Path(step.file).name}:{step.line}"
    for number in range(max(1, step.line - AROUND), step.line + AROUND + 1):
        code = linecache.getline(step.file, number).rstrip()
        text = f"  {'->' if number == step.line else '  '} {number:4}  {code[:CODE]}{'…' if len(code) > CODE else ''}"
        if code:
            yield style.paint(text, "bold") if number == step.line else text


def _standing(trace: Trace, now: TraceStep, thread: str) -> Iterator[str]:
    """Where another thread stands at that moment, if it has done anything yet."""
    before = [step for step in trace.steps[: trace.steps.index(now)] if step.thread == thread]
    if before and thread != now.thread:
        last = before[-1]
        at = f" ({Path(last.file).name}:{last.line})" if last.file else ""
        yield fold(f"{clip(thread, 20)}, last: {describe(last)}{at}", "  beside   ")
