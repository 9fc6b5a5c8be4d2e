"""Why a run hangs: who waits in which call at which line, from inside the process, with the standard library alone.

A watchdog thread (started below `threading`, so the program does not see it) sleeps in a read until it is asked.
Two samples of all threads' frames, half a run's time apart, tell who moved: a thread whose frame or instruction
changed, or that was put on a processor even once, runs; the others wait. So a loop that sleeps between its rounds
runs, and is told from a wait that never ends, if a round takes less than that time. Whether what runs gets on as well
is told by its data (progress.py).
"""

from __future__ import annotations

import linecache
import os
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NamedTuple

from harness.children.blocked import waits_with_a_limit
from harness.children.job import Home, Waiting

_JOIN = threading.Thread.join.__code__  # as it is before anything stands in for it
_DEEP = 30  # frames of a stack that are kept


class _Position(NamedTuple):
    """Where a thread was at one moment; equal twice means that it has not moved."""

    frame: int
    instruction: int
    processor: tuple[str, ...]  # how long and how often it has been on one; the kernel counts exactly


Sample = dict[int, _Position]


def sample() -> Sample:
    """The position of every thread, by ident."""
    return {
        ident: _Position(id(frame), frame.f_lasti, _processor(ident)) for ident, frame in sys._current_frames().items()
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
        waits = now[ident] == earlier.get(ident)
        state = "runs" if not waits else "sleeps" if waits_with_a_limit(f"self/task/{_number(ident)}") else "waits"
        stories.append(_story(ident, frame, home, state, held(ident) if waits else ""))
    return [story for story in stories if story is not None]


def _story(ident: int, innermost: FrameType, home: Home, state: str, lock: str) -> Waiting | None:
    """None for a thread that is starting or ending."""
    frames = _outwards(innermost)
    inside = [frame for frame in frames if frame.f_code.co_filename in home]
    if inside:
        frame = inside[0]
        library = frames[frames.index(frame) - 1] if frames.index(frame) else None
        call = _call(library) if library else ""
        lock = lock or (_joined(library) if library and state != "runs" else "")
    elif ident == threading.main_thread().ident:
        return _shutting_down(frames, state, lock)
    elif run := _run_of_library(frames):
        frame, call = run, _target(ident, run)
    else:
        return None
    return Waiting(
        thread=thread_name(ident),
        state=state,
        place=f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}",
        text=_line(frame),
        call=call,
        lock=lock,
        frames=tuple(_describe(f) for f in reversed(frames[:_DEEP])),
    )


def _joined(library: FrameType) -> str:
    """`, for bob to end`: whom a thread joins."""
    thread = library.f_locals.get("self") if library.f_code is _JOIN else None
    return f", for {thread.name} to end" if thread is not None else ""


def _run_of_library(frames: list[FrameType]) -> FrameType | None:
    """Where a thread stands whose target is no function of the program's (`queue.get`, say): the target's own frame."""
    for outer, frame in zip(frames[1:], frames, strict=False):
        if outer.f_code.co_name == "_bootstrap_inner":
            if frame.f_code.co_name != "run":
                return None
            inner = frames.index(frame) - 1
            return frames[inner] if inner >= 0 and frame.f_code is threading.Thread.run.__code__ else frame
    return None


def _target(ident: int, frame: FrameType) -> str:
    target = getattr(threading._active.get(ident), "_target", None)  # type: ignore[attr-defined]
    return str(getattr(target, "__qualname__", _call(frame)))


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


def _processor(ident: int) -> tuple[str, ...]:
    """How long and how often a thread has been on a processor; empty where the system does not tell."""
    try:
        with open(f"/proc/self/task/{_number(ident)}/schedstat", encoding="ascii") as file:
            used, _, times = file.read().split()
            return used, times
    except (OSError, AttributeError, ValueError):
        return ()


def _number(ident: int) -> int | None:
    """The kernel's number of a thread."""
    thread = threading._active.get(ident)  # type: ignore[attr-defined]
    # Of the main thread of a forked process `threading` still knows the parent's number.
    return os.getpid() if thread is threading.main_thread() else getattr(thread, "native_id", None)
