"""The picture of a trace: one lane per thread, the shared state beside it, preemptions between the rows.

    #  alice                  bob                     A            B
    1  acquire A                                      alice
       ---- preempted ---->
    2                         acquire B               alice        bob

Where the lanes leave no room for the state (many threads, long names), the picture becomes a list: one column
says who, one says what. A loop is drawn once, with the number of times it went round.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import zip_longest

from harness.report import columns
from harness.report.columns import CLOCK, GAP, MAX_LANE, MIN_LANE
from harness.report.folding import Fold, fold_loops
from harness.report.relevance import FILES, waits
from harness.report.text import WIDTH, Style, clip, measured, printed
from harness.trace import REFUSED, TIMED_OUT, WENT_IN, Trace, TraceStep
from harness.world.clock import START

MAX_LINES = 3
"""Lines that one step's words may fill, or a value that is new."""

ARROW = 8
"""Columns of an arrow beside the words in it, at least."""


def draw(trace: Trace, style: Style | None = None, width: int = WIDTH, loops: bool = True) -> str:
    """The picture, ending without a newline. `loops=False` draws every round of every loop."""
    if not trace.steps:
        return "(no steps)"
    trace = _measured(trace)
    rows = list(fold_loops(trace.steps)) if loops else list(trace.steps)
    drawn = [row for row in rows if isinstance(row, TraceStep)]
    table = _lay_out(trace, drawn, width)
    return printed("\n".join(line.rstrip() for line in table.lines(rows, style or Style())))


def describe(step: TraceStep) -> str:
    """What the step did, in words: `acquire A`, `read stock = 5`, `acquire B … waits`, `try_acquire B … refused`.

    In a step on files, the line of source stands for their names.
    """
    words = " ".join(part for part in (step.operation, step.object) if part)
    if step.object == FILES:  # one name for all of them: the line says more
        words += f": {clip(step.source, 40)}"
    if step.value and not waits(step):
        words += f"{' …' if step.value in (REFUSED, TIMED_OUT) else ' ='} {clip(step.value, 24)}"
    return words + (" … waits" if waits(step) and step.operation != "sleep" else "")


def _measured(trace: Trace) -> Trace:
    """Every text as wide as it will be; the time as one more piece of state, where it does not stand still."""
    moves = len({step.time for step in trace.steps}) > 1
    steps = []
    for step in trace.steps:
        state = {CLOCK: f"+{(step.time - START) / 1e9:.3f}".rstrip("0").rstrip(".") + " s"} if moves else {}
        state |= {measured(name): measured(value) for name, value in step.state.items()}
        thread, on, value = measured(step.thread), measured(step.object), measured(step.value)
        steps.append(replace(step, thread=thread, object=on, value=value, state=state))
    return Trace(tuple(steps), tuple(map(measured, trace.threads)))


def _lay_out(trace: Trace, drawn: Sequence[TraceStep], width: int) -> _Table:
    """Lanes as wide as their longest words and some of the state beside them, where both fit, else a list."""
    number = max(2, len(str(drawn[-1].step)))
    active = [thread for thread in trace.threads if any(step.thread == thread for step in drawn)]
    words = {thread: [describe(step) for step in drawn if step.thread == thread] for thread in active}
    needs = {thread: max(map(len, [thread, *words[thread]])) for thread in active}
    least = [_longest_word(words[thread]) for thread in active]
    states = columns.state_columns(drawn, trace.threads)
    room = width - number - GAP
    beside = min(room // 2, room - sum(least) - GAP * len(least))
    kept = columns.fitting(states, beside)
    if beside >= 0 and (kept or not states):
        lanes = columns.lane_widths(list(needs.values()), least, room - _total(kept))
        kept = columns.widened(kept, states, room - _total(kept) - sum(lanes) - GAP * len(lanes))
        return _Lanes(number, width, dict(zip(active, lanes, strict=True)), kept, tuple(states))
    who = min(max(len(thread) for thread in active), 20)
    room -= who + GAP
    what = min(max(needs.values()), max(room - GAP - min(_total(states), room // 2), MAX_LANE))
    kept = columns.fitting(states, room - what - GAP)
    kept = columns.widened(kept, states, room - what - GAP - _total(kept))
    return _List(number, width, {"thread": who, "operation": what}, kept, tuple(states))


def _longest_word(texts: Sequence[str]) -> int:
    return columns.bounded(max(len(word) for text in texts for word in text.split()), MIN_LANE, MAX_LANE)


def _total(columns: dict[str, int]) -> int:
    return sum(width + GAP for width in columns.values())


@dataclass(frozen=True)
class _Table:
    """Columns and how a step becomes lines. `left` are the lanes (or who and what), `state` what stands beside."""

    number: int
    width: int
    left: dict[str, int]
    state: dict[str, int]
    all_state: tuple[str, ...]

    def lines(self, rows: Sequence[TraceStep | Fold], style: Style) -> Iterator[str]:
        for line in self.heading():
            yield style.paint(line.rstrip(), "bold")
        before: TraceStep | None = None
        state: dict[str, str] = {}
        for row in rows:
            if isinstance(row, Fold):
                yield style.paint(self.aside(str(row)), "dim")
                before = None
                continue
            if words := _switch_words(before, row):
                left = before.thread if before else row.preempted or ""
                yield style.paint(f"{'':{self.number + GAP}}{self.marker(words, left, row.thread)}", "yellow")
            yield from self.step(row, state)
            before, state = row, row.state
        if hidden := [name for name in self.all_state if name not in self.state]:
            yield style.paint(self.aside(f"not shown for want of room: {', '.join(hidden)}"), "dim")
        if any(step.lock and " < " in step.state.get(step.object, "") for step in rows if isinstance(step, TraceStep)):
            yield style.paint(self.aside("beside a lock: who holds it < who waits for it"), "dim")

    def aside(self, words: str) -> str:
        return f"{'':{self.number + GAP}}{clip(words, self.width - self.number - GAP)}"

    def heading(self) -> Iterator[str]:
        """The names of the columns; long names of state go on below, the lowest lines stand together."""
        names = [[clip(name, width)] for name, width in self.left.items()]
        names += [columns.heading(name, width, MAX_LINES) for name, width in self.state.items()]
        lines = list(zip_longest(*(reversed(name) for name in names), fillvalue=""))
        for number, cells in reversed(list(enumerate(lines))):
            yield self.row("" if number else "#", cells[: len(self.left)], cells[len(self.left) :])

    def row(self, number: str, left: Sequence[str], state: Sequence[str]) -> str:
        cells = [f"{number:>{self.number}}"]
        cells += [f"{text:<{width}}" for text, width in zip(left, self.left.values(), strict=True)]
        cells += [f"{clip(text, width):<{width}}" for text, width in zip(state, self.state.values(), strict=True)]
        return (" " * GAP).join(cells)

    def step(self, step: TraceStep, before: dict[str, str]) -> Iterator[str]:
        """The step's lines: words that are too long for their column go on below it, and values that are new."""
        column = self.column(step)
        words = _wrapped(describe(step), list(self.left.values())[column])
        beside = [self.value(name, step.state.get(name, ""), before) for name in self.state]
        carried_out = not waits(step) or (step.operation == "wait" and step.value == WENT_IN)
        for number, (piece, *state) in enumerate(zip_longest(words, *beside, fillvalue="")):
            head = str(step.step) if number == 0 and carried_out else ""
            yield self.row(head, self.cells(step, column, piece, number), state)

    def value(self, name: str, value: str, before: dict[str, str]) -> list[str]:
        """In one line what stood there before, in as many as it takes what is new."""
        width = self.state[name]
        return [clip(value, width)] if before.get(name) == value or len(value) <= width else _wrapped(value, width)

    def column(self, step: TraceStep) -> int:
        raise NotImplementedError

    def cells(self, step: TraceStep, column: int, piece: str, number: int) -> list[str]:
        raise NotImplementedError

    def marker(self, words: str, left: str, thread: str) -> str:
        """An arrow from the thread that is left to the one that goes on, with the reason in it."""
        return clip(f"---- {words} ---->", self.width - self.number - GAP)


class _Lanes(_Table):
    def column(self, step: TraceStep) -> int:
        return list(self.left).index(step.thread)

    def cells(self, step: TraceStep, column: int, piece: str, number: int) -> list[str]:
        return [piece if index == column else "" for index in range(len(self.left))]

    def marker(self, words: str, left: str, thread: str) -> str:
        if left not in self.left:
            return super().marker(words, left, thread)
        room = self.width - self.number - GAP
        words = clip(words, room - ARROW)
        start, end = sorted((self.start(left), self.start(thread)))
        length = max(end - start - 1, len(words) + ARROW)
        start = min(start, room - length)
        rightward = self.start(left) < self.start(thread)
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


def _switch_words(before: TraceStep | None, step: TraceStep) -> str:
    """Why the step is another thread's than the one before: nothing where the thread simply ended."""
    if before is None:
        return f"{step.preempted} preempted" if step.preempted else ""
    if before.thread == step.thread:
        return ""
    if step.preempted:
        return "preempted"
    if not waits(before):
        return ""
    return f"{before.thread} {'sleeps' if before.operation == 'sleep' else 'is blocked'}"


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(clip(text, width * MAX_LINES), width, max_lines=MAX_LINES, placeholder=" …")
