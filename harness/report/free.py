"""What free threads came to, in words: the rate with its interval, the histogram of results, why a run hung."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from harness.children.job import Waiting
from harness.report.text import Style, clip, count, fold, seconds
from harness.stress import Bar, StressResult

BARS, TEXT, LENGTH = 8, 34, 16
ALIKE = 3  # threads at one place that are told one by one
VALUE, SHARE, RATE, CHART = 12, 20, 16, 24  # columns of a sweep's table


def share(found: StressResult) -> str:
    """`37/100 hung`, `3/100 failed`, `5/100 failed (2 hung)`, `0/98 failed (2 unfinished)`."""
    words = "hung" if found.hung == found.failed > 0 else "failed"
    details = [f"{found.hung:,} hung"] if 0 < found.hung < found.failed else []
    details += [f"{found.unfinished:,} unfinished"] if found.unfinished else []
    detail = f" ({', '.join(details)})" if details else ""
    return f"{found.failed:>3,}/{found.runs - found.unfinished:,} {words}{detail}"


def doubt(found: StressResult) -> str:
    """What the runs say about the true rate: an interval, or a bound where nothing failed."""
    return str(found.interval) if found.runs > found.unfinished else "no run came to an end"


def stress_text(found: StressResult, style: Style) -> str:
    """`stress` for a person."""
    return "\n".join(_lines(found, style))


def sweep_text(name: str, rows: Sequence[StressResult], style: Style) -> str:
    """A sweep for a person: a row and a bar of the chart for each value of the parameter."""
    return "\n".join(_sweep_lines(name, rows, style))


def sweep_document(name: str, rows: Sequence[StressResult]) -> dict[str, Any]:
    """`stress --sweep --json`: the document of `stress --json` for each value, in the order asked for."""
    return {
        "target": rows[0].target,
        "sweep": name,
        "values": [row.parameters[name] for row in rows],
        "rows": [row.to_json() for row in rows],
        "seconds": sum(row.seconds for row in rows),
    }


def _sweep_lines(name: str, rows: Sequence[StressResult], style: Style) -> Iterator[str]:
    one = rows[0]
    yield f"{style.paint(one.target, 'bold')}  main({name}=…)"
    yield fold(f"{one.mode}, seed {one.seed}, {one.interpreter}", "  runs     ")
    values = [clip(repr(row.parameters[name]), VALUE) for row in rows]
    width = max(len(clip(name, VALUE)), *map(len, values))
    head = f"  {clip(name, VALUE):>{width}}  {'runs':<{SHARE}}  {'rate (95%)':<{RATE}}  "
    yield style.paint(f"{head}0%{'100%':>{CHART - 2}}", "dim")
    for value, row in zip(values, rows, strict=True):
        line = f"  {value:>{width}}  {share(row).strip():<{SHARE}}  {row.interval.brief:<{RATE}}  {_chart(row)}"
        yield style.paint(line, "red") if row.failed else line
    yield fold("# up to the measured rate, - up to the end of its interval", "  chart    ")
    if failed := next((row for row in rows if row.failed), None):
        words = f"run {failed.first_failure} with {name}={failed.parameters[name]!r}: {failed.message}"
        yield fold(words, "  first    ")
    for note in dict.fromkeys(note for row in rows for note in row.notes()):
        yield fold(note, "  note     ")


def _chart(row: StressResult) -> str:
    """The rate on a line of CHART columns; a rate above zero is seen, however small."""
    drawn = ceil(row.rate * CHART)
    return "#" * drawn + "-" * (ceil(row.high * CHART) - drawn)


def _lines(found: StressResult, style: Style) -> Iterator[str]:
    verdict = style.paint(f"{share(found).strip()}: {doubt(found)}", *(("red", "bold") if found.failed else ("green",)))
    yield f"{style.paint(found.target, 'bold')}  {verdict}"
    runs = f"{count(found.runs, 'run')} in {seconds(found.seconds)} ({found.runs_per_second:,.0f}/s)"
    yield fold(f"{runs}, {found.mode}, seed {found.seed}, {found.interpreter}", "  runs     ")
    if found.failed:
        told_below = any(str(waiting) in found.message for waiting in found.stacks)
        yield fold(f"run {found.first_failure}{'' if told_below else f': {found.message}'}", "  first    ")
    for number, line in enumerate(_stacks(found.stacks)):
        yield fold(line, "  stacks   " if number == 0 else "           ", " " * 13)
    yield from _histogram(found.histogram, style)
    for note in found.notes():
        yield fold(note, "  note     ")


def _stacks(stacks: Sequence[Waiting]) -> Iterator[str]:
    """A line for each thread; where many do the same at one place, the first of them and how many more there are."""
    alike: dict[str, list[Waiting]] = {}
    for waiting in stacks:
        alike.setdefault(str(replace(waiting, thread="")), []).append(waiting)
    for group in alike.values():
        yield from map(str, group[:ALIKE])
        if (more := len(group) - ALIKE) > 0:
            yield f"and {count(more, 'thread')} more, like these"


def _histogram(bars: Sequence[Bar], style: Style) -> Iterator[str]:
    """What came out how often, and whether the oracle allows it, in words."""
    total = sum(bar.count for bar in bars)
    width = min(max(len(bar.text) for bar in bars), TEXT) if bars else 0
    for number, bar in enumerate(bars[:BARS]):
        drawn = "#" * max(1, round(bar.count / total * LENGTH))
        mark = " allowed" if bar.allowed else f" {bar.end}"
        line = f"{bar.count:>6,}  {clip(bar.text, width):<{width}}  {drawn}{mark if mark.strip() != bar.text else ''}"
        colour = () if bar.allowed else ("red",) if bar.end.failed else ("yellow",)
        yield ("  results  " if number == 0 else " " * 11) + (style.paint(line, *colour) if colour else line)
    if len(bars) > BARS:
        rest = sum(bar.count for bar in bars[BARS:])
        bad = sum(bar.end.failed for bar in bars[BARS:])
        words = count(len(bars) - BARS, "other result") + (f", {bad} of them not allowed" if bad else "")
        yield f"{'':11}{rest:>6,}  {words}"
