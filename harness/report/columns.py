"""How wide the columns of a picture are: lanes first as wide as their longest word, then the state, then the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.report.relevance import root
from harness.report.text import clip
from harness.trace import TraceStep

MIN_LANE = 16
MAX_LANE = 34
MIN_STATE = 4
MAX_STATE = 14
GAP = 2

CLOCK = "clock"
"""The column of the virtual time, in seconds since the beginning, where it moves."""


def state_columns(steps: Sequence[TraceStep], threads: Sequence[str]) -> dict[str, int]:
    """The width that each column of state needs, what explains most in least room first.

    That is data, the short before the long; then primitives; then locks, for who took them stands in the lanes as well.
    Left out is a value that never changes, which explains nothing, and an item where its container stands beside it.
    """
    values: dict[str, list[str]] = {}
    for step in steps:
        for name, value in step.state.items():
            values.setdefault(name, []).append(value)
    changing = {name: seen for name, seen in values.items() if len(set(seen)) > 1 or len(seen) < len(steps)}
    data = {root(step.object) for step in steps if step.operation in ("read", "write")}
    holders = {"", *threads}

    def rank(name: str) -> tuple[bool, bool, bool]:
        locks = all(value.partition(" < ")[0] in holders for value in changing[name])
        return locks, root(name) not in data, max(map(len, changing[name])) > MAX_STATE

    names = sorted(changing, key=lambda name: (name != CLOCK, rank(name)))
    return {
        name: max(MIN_STATE, *map(len, [name, *changing[name]]))
        for name in names
        if root(name) == name or root(name) not in changing
    }


def lane_widths(needs: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths within `room` columns, none less than `least`, as much of what they need as there is."""
    wanted = [max(low, bounded(need, MIN_LANE, MAX_LANE)) for need, low in zip(needs, least, strict=True)]
    while sum(wanted) + GAP * len(wanted) > room:
        slack = [width - low for width, low in zip(wanted, least, strict=True)]
        wanted[slack.index(max(slack))] -= 1
    return wanted


def fitting(states: dict[str, int], room: int) -> dict[str, int]:
    """The columns that fit, none wider than it needs."""
    kept: dict[str, int] = {}
    for name, need in states.items():
        width = min(need, MAX_STATE)
        if room >= width + GAP:
            kept[name] = width
            room -= width + GAP
    return kept


def widened(kept: dict[str, int], states: dict[str, int], room: int) -> dict[str, int]:
    """The columns with `room` more, given to those that need it."""
    kept = dict(kept)
    for name in kept:
        more = bounded(states[name] - kept[name], 0, max(room, 0))
        kept[name] += more
        room -= more
    return kept


def parts(name: str) -> list[str]:
    """The pieces of a name between which a line may end: `Account`, `.balance`."""
    return re.findall(r"[.\[]?[^.\[]+|[.\[]", name) or [name]


def heading(name: str, width: int, lines: int) -> list[str]:
    """A column's name in at most so many lines, the last of which is cut if it must be."""
    found = [""]
    for part in parts(name):
        if found[-1] and len(found[-1]) + len(part) > width and len(found) < lines:
            found.append("")
        found[-1] += part
    return [clip(line, width) for line in found]


def bounded(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))
