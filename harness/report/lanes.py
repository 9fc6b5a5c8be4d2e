"""The picture of a trace: one lane per thread, the shared state beside it, preemptions between the rows.

    #  alice                  bob                     A            B
    1  acquire A                                      alice
       ---- preempted ---->
    2                         acquire B               alice        bob

Where the lanes do not fit into the width (many threads, long names), the picture becomes a list: one column
says who, one says what. A loop is drawn once, with the number of times it went round.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from harness.report.relevance import waits
from harness.report.text import WIDTH, Style, clip, count
from harness.trace import Trace, TraceStep

MIN_LANE = 16
MAX_LANE = 34
MIN_STATE = 4
MAX_STATE = 14
MAX_LINES = 3
"""Lines of a lane that one step's words may fill."""
LONGEST_LOOP = 40
GAP = 2
ARROW = 8
"""Columns of an arrow beside the words in it, at least."""


@dataclass(frozen=True)
class Fold:
    """`times` further rounds of the `length` steps drawn before, left out."""

    length: int
    times: int


def draw(trace: Trace, style: Style | None = None, width: int = WIDTH, loops: bool = True) -> str:
    """The picture, ending without a newline. `loops=False` draws every round of every loop."""
    if not trace.steps:
        return "(no steps)"
    rows = list(fold_loops(trace.steps)) if loops else list(trace.steps)
    drawn = [row for row in rows if isinstance(row, TraceStep)]
    table = _lay_out(trace, drawn, width)
    return "\n".join(line.rstrip() for line in table.lines(rows, style or Style()))


def fold_loops(steps: Sequence[TraceStep]) -> Iterator[TraceStep | Fold]:
    """The steps, where three or more equal rounds of a loop become one round and a `Fold`.

    Rounds are equal when the same threads do the same operations to the same objects at the same lines;
    values may differ. The shortest loop is taken first, so a loop in a loop folds from the inside.
    """
    keys = [(s.thread, s.operation, s.object, s.line, s.waits_on) for s in steps]
    at = 0
    while at < len(steps):
        length, rounds = _loop_at(keys, at)
        yield from steps[at : at + length]
        if rounds > 1:
            yield Fold(length, rounds - 1)
        at += length * rounds


def _loop_at(keys: Sequence[object], at: int) -> tuple[int, int]:
    """(length, rounds) of the loop that starts here; (1, 1) where none does."""
    for length in range(1, min(LONGEST_LOOP, (len(keys) - at) // 3) + 1):
        rounds = 1
        first = keys[at : at + length]
        while keys[at + rounds * length : at + (rounds + 1) * length] == first:
            rounds += 1
        if rounds >= 3:
            return length, rounds
    return 1, 1


def describe(step: TraceStep) -> str:
    """What the step did, in words: `acquire A`, `read stock = 5`, `acquire B … waits`."""
    words = " ".join(part for part in (step.operation, step.object) if part)
    if step.value and not waits(step):
        words += f" = {clip(step.value, 24)}"
    return words + (" … waits" if waits(step) and step.operation != "sleep" else "")


def _lay_out(trace: Trace, drawn: Sequence[TraceStep], width: int) -> _Table:
    """Lanes as wide as their words where they fit, else a list; then as much of the state as there is room for."""
    number = max(2, len(str(drawn[-1].step)))
    active = [thread for thread in trace.threads if any(step.thread == thread for step in drawn)]
    words = {thread: [describe(step) for step in drawn if step.thread == thread] for thread in active}
    needs = {thread: max(map(len, [thread, *words[thread]])) for thread in active}
    least = [max(len(word) for text in words[thread] for word in text.split()) for thread in active]
    states = _state_columns(drawn)
    room = width - number - GAP
    state_room = min(sum(min(w, MAX_STATE) + GAP for w in states.values()), room // 2)
    for beside in (state_room, state_room // 2):  # rather less of the state than words broken in the middle
        lanes = _lane_widths(list(needs.values()), least, room - beside)
        if lanes:
            break
    if lanes:
        columns = dict(zip(active, lanes, strict=True))
        kept = _fitting(states, room - sum(lanes) - GAP * len(lanes))
        return _Lanes(number, width, columns, kept, tuple(states))
    who = min(max(len(thread) for thread in active), 20)
    what = min(max(needs.values()), max(room - who - GAP - state_room, MAX_LANE))
    kept = _fitting(states, room - who - what - 2 * GAP)
    return _List(number, width, {"thread": who, "operation": what}, kept, tuple(states))


def _state_columns(drawn: Sequence[TraceStep]) -> dict[str, int]:
    """The width that each state column needs; a value that never changes is left out, it explains nothing."""
    values: dict[str, list[str]] = {}
    for step in drawn:
        for name, value in step.state.items():
            values.setdefault(name, []).append(value)
    changing = {name: seen for name, seen in values.items() if len(set(seen)) > 1 or len(seen) < len(drawn)}
    return {name: max(MIN_STATE, *map(len, [name, *seen])) for name, seen in changing.items()}


def _lane_widths(needs: Sequence[int], least: Sequence[int], room: int) -> list[int] | None:
    """Widths for the lanes within `room` columns, or None where a lane would be too narrow for its longest word."""
    room -= GAP * len(needs)
    wanted = [_bounded(need, MIN_LANE, MAX_LANE) for need in needs]
    least = [_bounded(word, MIN_LANE, MAX_LANE) for word in least]
    if not needs or sum(least) > room:
        return None
    while sum(wanted) > room:
        slack = [width - word for width, word in zip(wanted, least, strict=True)]
        wanted[slack.index(max(slack))] -= 1
    return wanted


def _fitting(states: dict[str, int], room: int) -> dict[str, int]:
    """The columns that fit, none wider than it needs; what room is then left goes to those that need more."""
    kept: dict[str, int] = {}
    for name, need in states.items():
        width = min(need, MAX_STATE)
        if room >= width:
            kept[name] = width
            room -= width + GAP
    for name in kept:
        more = _bounded(states[name] - kept[name], 0, max(room + GAP, 0))
        kept[name] += more
        room -= more
    return kept


def _bounded(value: int, low: int, high: int) -> int:
    return max(low, min(value, high))


@dataclass(frozen=True)
class _Table:
    """Columns and how a step becomes lines. `left` are the lanes (or who and what), `state` what stands beside."""

    number: int
    width: int
    left: dict[str, int]
    state: dict[str, int]
    all_state: tuple[str, ...]

    def lines(self, rows: Sequence[TraceStep | Fold], style: Style) -> Iterator[str]:
        head = self.row("#", [clip(name, w) for name, w in self.left.items()], list(self.state))
        yield style.paint(head.rstrip(), "bold")
        before: TraceStep | None = None
        for row in rows:
            if isinstance(row, Fold):
                yield style.paint(f"{'':{self.number + GAP}}{_fold_words(row)}", "dim")
                before = None
                continue
            if before is not None and (marker := self.marker(before, row)):
                yield style.paint(f"{'':{self.number + GAP}}{marker}", "yellow")
            yield from self.step(row)
            before = row
        if hidden := [name for name in self.all_state if name not in self.state]:
            words = clip(f"not shown for want of room: {', '.join(hidden)}", self.width - self.number - GAP)
            yield style.paint(f"{'':{self.number + GAP}}{words}", "dim")

    def row(self, number: str, left: Sequence[str], state: Sequence[str]) -> str:
        cells = [f"{number:>{self.number}}"]
        cells += [f"{text:<{width}}" for text, width in zip(left, self.left.values(), strict=True)]
        cells += [f"{clip(text, width):<{width}}" for text, width in zip(state, self.state.values(), strict=True)]
        return (" " * GAP).join(cells)

    def step(self, step: TraceStep) -> Iterator[str]:
        """The step's lines: words that are too long for their column go on below it."""
        column = self.column(step)
        width = list(self.left.values())[column]
        pieces = textwrap.wrap(clip(describe(step), width * MAX_LINES), width, max_lines=MAX_LINES, placeholder=" …")
        for number, piece in enumerate(pieces):
            cells = self.cells(step, column, piece, number)
            state = [step.state.get(name, "") if number == 0 else "" for name in self.state]
            carried_out = not waits(step) or step.operation == "wait"
            yield self.row(str(step.step) if number == 0 and carried_out else "", cells, state)

    def column(self, step: TraceStep) -> int:
        raise NotImplementedError

    def cells(self, step: TraceStep, column: int, piece: str, number: int) -> list[str]:
        raise NotImplementedError

    def marker(self, before: TraceStep, step: TraceStep) -> str:
        raise NotImplementedError


class _Lanes(_Table):
    def column(self, step: TraceStep) -> int:
        return list(self.left).index(step.thread)

    def cells(self, step: TraceStep, column: int, piece: str, number: int) -> list[str]:
        return [piece if index == column else "" for index in range(len(self.left))]

    def marker(self, before: TraceStep, step: TraceStep) -> str:
        """An arrow from the lane that is left to the lane that goes on, with the reason in it."""
        room = self.width - self.number - GAP
        words = clip(_switch_words(before, step), room - ARROW)
        if not words:
            return ""
        start, end = sorted((self.start(before.thread), self.start(step.thread)))
        length = max(end - start - 1, len(words) + ARROW)
        start = min(start, room - length)
        rightward = self.start(before.thread) < self.start(step.thread)
        arrow = f" {words} ".center(length - 1, "-")
        return " " * start + (arrow + ">" if rightward else "<" + arrow)

    def start(self, thread: str) -> int:
        names = list(self.left)
        return sum(self.left[name] + GAP for name in names[: names.index(thread)])


class _List(_Table):
    def column(self, step: TraceStep) -> int:
        return 1

    def cells(self, step: TraceStep, column: int, piece: str, number: int) -> list[str]:
        return [clip(step.thread, self.left["thread"]) if number == 0 else "", piece]

    def marker(self, before: TraceStep, step: TraceStep) -> str:
        words = _switch_words(before, step)
        return clip(f"---- {words} ---->", self.width - self.number - GAP) if words else ""


def _switch_words(before: TraceStep, step: TraceStep) -> str:
    """Why the next step is another thread's: nothing where the thread simply ended."""
    if before.thread == step.thread:
        return ""
    if step.preempted:
        return "preempted"
    if not waits(before):
        return ""
    return f"{before.thread} {'sleeps' if before.operation == 'sleep' else 'is blocked'}"


def _fold_words(fold: Fold) -> str:
    steps = "the step" if fold.length == 1 else f"the {fold.length} steps"
    return f"… {steps} above, {count(fold.times, 'more time')} …"
