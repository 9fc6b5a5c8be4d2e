"""One step of a trace, told in full: where it is, what it did, and how things stood then."""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from pathlib import Path

from harness.report.lanes import describe
from harness.report.relevance import waits
from harness.report.text import WIDTH, Style, clip, fold, measured, printed
from harness.trace import Trace, TraceStep

AROUND = 2
"""Lines of source shown before and after the step's own."""

CODE = WIDTH - 11
"""Columns of a line of source."""


def step_text(trace: Trace, number: int, style: Style) -> str:
    """Step `number` of the trace, which must have it."""
    return printed("\n".join(_lines(trace, number, style)))


def carried_out(trace: Trace) -> dict[int, TraceStep]:
    """The steps by their numbers, without the lines that only say who waits."""
    return {step.step: step for step in trace.steps if not waits(step)}


def _lines(trace: Trace, number: int, style: Style) -> Iterator[str]:
    steps = carried_out(trace)
    step = steps[number]
    title = f"step {number} of {max(steps)}: {clip(measured(step.thread), 30)}  {describe(step)}"
    yield style.paint(fold(title, "", "  "), "bold")
    yield from _source(step, style)
    if step.preempted:
        yield f"  {clip(measured(step.preempted), 30)} was preempted before it"
    if step.locks:
        yield fold(", ".join(step.locks), "  holds    ")
    locks = {found.object for found in trace.steps if found.lock}
    for name, value in step.state.items():
        absent = "(nobody)" if name in locks else "(nothing)"
        yield f"  state    {clip(measured(name), 30)} = {clip(measured(value), 34) or absent}"
    for thread in trace.threads:
        yield from _standing(trace, step, thread)


def _source(step: TraceStep, style: Style) -> Iterator[str]:
    if not step.file:
        return
    yield f"  at       {Path(step.file).name}:{step.line}"
    for number in range(max(1, step.line - AROUND), step.line + AROUND + 1):
        code = measured(linecache.getline(step.file, number).rstrip())
        shown = code if len(code) <= CODE else code[: CODE - 1] + "…"
        text = f"  {'->' if number == step.line else '  '} {number:4}  {shown}"
        if code:
            yield style.paint(text, "bold") if number == step.line else text


def _standing(trace: Trace, now: TraceStep, thread: str) -> Iterator[str]:
    """Where another thread stands at that moment, if it has done anything yet."""
    before = [step for step in trace.steps[: trace.steps.index(now)] if step.thread == thread]
    if before and thread != now.thread:
        last = before[-1]
        at = f" ({Path(last.file).name}:{last.line})" if last.file else ""
        yield fold(f"{clip(measured(thread), 20)}, last: {describe(last)}{at}", "  beside   ")
