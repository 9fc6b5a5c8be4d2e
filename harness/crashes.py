"""What an uncaught exception says of a program: an assertion failed, it crashed, or the lab's limits ended it."""

from __future__ import annotations

from collections.abc import Container, Sequence
from pathlib import Path
from traceback import walk_tb
from types import TracebackType
from typing import Any

from harness.memory import ADDRESSES
from harness.outcome import Outcome
from harness.world.showing import show_error

NO_MORE_THREADS = "can't start new thread"
"""What CPython says when the system refuses one."""

ROOM = f"a program may take {ADDRESSES >> 30} GiB of addresses here, stacks of threads included"
"""What the lab allows."""

LONGEST = 1000
"""Characters of an exception's text that are told."""

_TRACEBACK: Any = BaseException.__dict__["__traceback__"]  # a program's class may have its own idea of attributes


def crash(crashes: Sequence[tuple[str, BaseException]], files: Container[str]) -> tuple[Outcome, str] | None:
    """Outcome and message of the first of a program's uncaught exceptions, by thread; None where there is none."""
    if not crashes:
        return None
    name, error = crashes[0]
    where = raised_at(error, files)
    lines = show_error(error).strip().splitlines()
    text = lines[0] if lines else ""
    said = f": {text if len(text) <= LONGEST else text[: LONGEST - 1] + '…'}" if text else ""
    if isinstance(error, AssertionError):
        return Outcome.VIOLATED, f"{name}: assertion failed{where}{said}"
    if is_of_the_limits(error):
        return Outcome.INCONCLUSIVE, f"{name}: {type(error).__name__}{said}{where}; {ROOM}"
    return Outcome.CRASHED, f"{name}: {type(error).__name__}{said}{where}"


def is_of_the_limits(error: BaseException) -> bool:
    """Whether it may come from what the lab allows a process: without it there might have been room."""
    return isinstance(error, MemoryError) or (type(error) is RuntimeError and str(error) == NO_MORE_THREADS)


def raised_at(error: BaseException, files: Container[str]) -> str:
    """` (broken.py:21)`: the innermost line of the program that the exception has passed; empty where there is none."""
    trace: TracebackType | None = _TRACEBACK.__get__(error)
    inside = [(frame.f_code.co_filename, line) for frame, line in walk_tb(trace) if frame.f_code.co_filename in files]
    return f" ({Path(inside[-1][0]).name}:{inside[-1][1]})" if inside else ""
