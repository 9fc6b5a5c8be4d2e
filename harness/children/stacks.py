"""Why a run hangs: who waits in which call at which line, from inside the process, with the standard library alone.

A watchdog thread (started below `threading`, so the program does not see it) sleeps in a read until it is asked.
Two samples of all threads' frames, some time apart, tell who moved: a thread whose frame or instruction changed, or
that used processor time, runs; the others wait.
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

from harness.children.job import Home, Waiting

_MOVED = 100_000  # ns of processor time between two samples that only a running thread uses
_DEEP = 30  # frames of a stack that are kept


class _Position(NamedTuple):
    """Where a thread was at one moment; equal twice means that it (most likely) did not move."""

    frame: int
    instruction: int
    processor: int

    def moved_since(self, earlier: _Position | None) -> bool:
        if earlier is None:
            return True
        return self[:2] != earlier[:2] or self.processor - earlier.processor > _MOVED


Sample = dict[int, _Position]


def sample() -> Sample:
    """The position of every thread, by ident."""
    return {
        ident: _Position(id(frame), frame.f_lasti, _processor_ns(ident))
        for ident, frame in sys._current_frames().items()
    }


def explain(earlier: Sample, skip: int, home: Home, held: Callable[[int], str]) -> list[Waiting]:
    """Every thread of the program (all but `skip`), main first: where it stands and whether it moved since `earlier`.

    home: the program's directory; frames outside of it are library calls. held(ident): who holds what it waits for.
    """
    now = sample()
    stories = []
    started = list(threading._active)  # type: ignore[attr-defined]  # in the order of their start; no lock is taken
    frames = sys._current_frames()
    for ident in sorted(frames, key=lambda ident: started.index(ident) if ident in started else len(started)):
        frame = frames[ident]
        if ident == skip or ident not in now:
            continue
        moved = now[ident].moved_since(earlier.get(ident))
        stories.append(_story(ident, frame, home, "runs" if moved else "waits", "" if moved else held(ident)))
    return [story for story in stories if story is not None]


def _story(ident: int, innermost: FrameType, home: Home, state: str, lock: str) -> Waiting | None:
    """None for a thread that is not in the program at all: it is starting or ending."""
    frames = _outwards(innermost)
    inside = [frame for frame in frames if frame.f_code.co_filename in home]
    if not inside:
        return _shutting_down(frames, state, lock) if ident == threading.main_thread().ident else None
    frame = inside[0]
    library = frames[frames.index(frame) - 1] if frames.index(frame) else None
    return Waiting(
        thread=thread_name(ident),
        state=state,
        place=f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}",
        text=_line(frame),
        call=_call(library) if library else "",
        lock=lock,
        frames=tuple(_describe(f) for f in reversed(frames[:_DEEP])),
    )


def _shutting_down(frames: list[FrameType], state: str, lock: str) -> Waiting:
    stack = tuple(_describe(frame) for frame in reversed(frames[:_DEEP]))
    return Waiting("main", state, "the end", "main() has returned, its threads are being waited for", "", lock, stack)


def _outwards(frame: FrameType | None) -> list[FrameType]:
    """The frame and its callers, without the harness's own."""
    frames = []
    while frame is not None:
        if frame.f_globals.get("__name__", "").partition(".")[0] != "harness":
            frames.append(frame)
        frame = frame.f_back
    return frames


def _line(frame: FrameType) -> str:
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno or 0).strip()


def _call(frame: FrameType) -> str:
    return str(getattr(frame.f_code, "co_qualname", frame.f_code.co_name))


def _describe(frame: FrameType) -> str:
    return f"{frame.f_code.co_filename}:{frame.f_lineno} in {_call(frame)}: {_line(frame)}"


def thread_name(ident: int) -> str:
    thread = threading._active.get(ident)  # type: ignore[attr-defined]  # enumerate() would take a lock
    if thread is threading.main_thread():
        return "main"
    return thread.name if thread is not None else f"thread {ident}"


def _processor_ns(ident: int) -> int:
    """Processor time of a thread in ns; 0 where the system does not tell."""
    thread = threading._active.get(ident)  # type: ignore[attr-defined]
    try:
        # Of the main thread of a forked process `threading` still knows the parent's number.
        number = os.getpid() if thread is threading.main_thread() else thread.native_id
        with open(f"/proc/self/task/{number}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0])
    except (OSError, AttributeError, ValueError, IndexError):
        return 0
