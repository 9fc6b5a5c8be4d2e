"""`replay --pdb`: the debugger in the right thread, at the right step, with nothing but the program's own frames.

The execution happens in this process, not in a worker, because a person is to talk to it. All other
threads stand where they were and stay there until the debugger lets its thread go on.
"""

from __future__ import annotations

import pdb
import sys
from types import FrameType
from typing import Any

from harness.execution import Runner
from harness.explore import Options, Replay, compared, completed, runner_for
from harness.unwinding import Unwind
from harness.world.program import Program


def debug(program: Program, witness: str, step: int, thread: str, options: Options) -> Replay:
    """Replay, and stop as `thread` is about to carry out `step` (or, if that is its first, at the one after)."""
    parsed = completed(witness, options)
    runner = runner_for(program, parsed, options.max_steps)
    debugger = Debugger(runner, step, thread)
    hook, sys.unraisablehook = sys.unraisablehook, lambda unraisable: None  # finalizers that are unwound
    try:
        shown = runner.replay(parsed)
    finally:
        debugger.close()
        sys.unraisablehook = hook
    if not debugger.stopped:
        debugger.message(f"(no place to stop: from there on {thread} is in no code of the program)")
    return compared(Replay.of(shown), program, parsed)


class Debugger(pdb.Pdb):
    """A Pdb that is called at one scheduling point. To quit it is to let the execution go on to its end."""

    def __init__(self, runner: Runner, step: int, thread: str) -> None:
        super().__init__(nosigint=True, readrc=False)
        self.prompt = "(pdb) "
        self.stopped = False
        self._scheduler = runner.world.scheduler
        self._files = runner.world.modules.files
        self._step = step
        self._thread = thread
        self._terminal = sys.stdout
        self._point = self._scheduler.point
        self._scheduler.point = self._pausing  # type: ignore[method-assign]

    def close(self) -> None:
        """Leave the scheduler as it was."""
        del self._scheduler.point

    def _pausing(self, *args: Any, **kwargs: Any) -> None:
        try:
            self._point(*args, **kwargs)
        except Unwind:  # the execution is over; what is left of it is not the program's doing
            sys.settrace(None)
            raise
        scheduler = self._scheduler
        if not self.stopped and scheduler.steps > self._step and scheduler.current.name == self._thread:
            frames = self._frames(sys._getframe().f_back)
            if frames:
                self.stopped = True
                self._stop(frames)

    def _frames(self, frame: FrameType | None) -> list[FrameType]:
        """The program's frames of this thread, innermost first."""
        found = []
        while frame is not None:
            if frame.f_code.co_filename in self._files:
                found.append(frame)
            frame = frame.f_back
        return found

    def _stop(self, frames: list[FrameType]) -> None:
        self.reset()
        self.botframe = frames[-1]
        for frame in frames:
            frame.f_trace = self.trace_dispatch
        self.set_step()
        self.interaction(frames[0], None)
        if self.stoplineno != -1 or self.breaks:  # else it was told to go on
            sys.settrace(self.trace_dispatch)

    def stop_here(self, frame: FrameType) -> bool:
        """Only in the program's own code."""
        return frame.f_code.co_filename in self._files and super().stop_here(frame)

    def get_stack(self, f: FrameType | None, t: Any) -> tuple[list[tuple[FrameType, int]], int]:
        """The program's own frames, outermost first, and the place of the current one."""
        stack, at = super().get_stack(f, t)
        own = [entry for entry in stack if entry[0].f_code.co_filename in self._files]
        before = sum(entry[0].f_code.co_filename in self._files for entry in stack[: at + 1])
        return own, max(before - 1, 0)

    def interaction(self, *args: Any, **kwargs: Any) -> None:
        """On the terminal, whatever the execution has put in its place."""
        captured, sys.stdout = sys.stdout, self._terminal
        try:
            super().interaction(*args, **kwargs)
        finally:
            sys.stdout = captured

    def do_quit(self, arg: str) -> Any:
        """quit: go on to the end of the execution without stopping again."""
        self.clear_all_breaks()
        return self.do_continue("")

    do_q = do_exit = do_quit

    def do_EOF(self, arg: str) -> Any:
        """The same at the end of input."""
        self.message("")
        return self.do_quit("")
