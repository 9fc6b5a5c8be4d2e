"""Words, numbers and colour, the same in every table.

Colour underlines what a word already says and carries nothing alone. Lines keep to 80 columns.
"""

from __future__ import annotations

import os
import textwrap
import unicodedata
from dataclasses import dataclass
from typing import TextIO

WIDTH = 80
_SECOND = "\ufdd0"  # no character; stands for the second column of the one before
_CODES = {"red": "31", "green": "32", "yellow": "33", "bold": "1", "dim": "2"}


@dataclass(frozen=True)
class Style:
    """Paints words, or leaves them as they are."""

    colour: bool = False

    def paint(self, text: str, *names: str) -> str:
        if not self.colour or not text:
            return text
        return f"\033[{';'.join(_CODES[name] for name in names)}m{text}\033[0m"


def style_for(stream: TextIO | None, when: str = "auto") -> Style:
    """`when` is auto, always or never; auto heeds NO_COLOR, TERM=dumb and whether a person is looking."""
    if when != "auto":
        return Style(when == "always")
    wanted = not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    return Style(wanted and stream is not None and stream.isatty())


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th …"""
    tail = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number:,}{tail}"


def count(number: int, word: str) -> str:
    """`1 execution`, `2,000 executions`."""
    plural = word if number == 1 else word[:-1] + "ies" if word.endswith("y") else word + "s"
    return f"{number:,} {plural}"


def seconds(value: float) -> str:
    """`0.02 s`, `3.1 s`, `2 min 05 s`."""
    if value >= 60:
        return f"{int(value) // 60} min {int(value) % 60:02d} s"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def fold(text: str, first: str = "", rest: str | None = None, width: int = WIDTH) -> str:
    """The text in lines of `width` columns, `first` before the first line and `rest` before the others.

    A word longer than a line (a witness, a path) stays in one piece, so that it can be copied. The text is to be
    painted afterwards.
    """
    indent = " " * len(first) if rest is None else rest
    paragraphs = measured(text).strip().splitlines() or [""]
    lines: list[str] = []
    for number, paragraph in enumerate(paragraphs):
        lead = first if number == 0 else indent
        lines += textwrap.wrap(
            paragraph,
            width,
            initial_indent=lead,
            subsequent_indent=indent,
            break_long_words=False,
            break_on_hyphens=False,
        ) or [lead.rstrip()]
    return printed("\n".join(lines))


def measured(text: str) -> str:
    """The text as it is on a terminal, one character for each of its columns: a mark follows what takes two."""
    if text.isascii() and text.isprintable():
        return text
    shown = (c if c.isprintable() or c == "\n" else " " if c.isspace() else "?" for c in text)
    return "".join(c + _SECOND if unicodedata.east_asian_width(c) in "WF" else c for c in shown)


def printed(text: str) -> str:
    """A measured text as it is printed."""
    return text.replace(_SECOND, "")


def clip(text: str, width: int) -> str:
    """The text in one line of at most `width` columns; what is cut is marked."""
    line = " ".join(text.split())
    if len(line) <= width:
        return line
    end = max(width - 1, 0)
    return line[: end - 1 if line[end : end + 1] == _SECOND else end] + "…"
