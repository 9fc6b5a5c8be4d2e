"""Which interpreter makes the runs, how another one like it is started, and what it can show at all."""

from __future__ import annotations

import os
import platform
import sys
from dataclasses import dataclass
from pathlib import Path

_ROOT = str(Path(__file__).resolve().parent.parent.parent)
# The harness is found by its place and then taken off the path again: the program must not see it.
_CODE = "import sys; sys.path[0] = {root!r}; from {module} import {function} as f; sys.path.pop(0); f()"


def command(module: str, function: str) -> list[str]:
    """The command line of a new interpreter like this one that calls a function of the harness.

    It has this one's -X options (gil=1, say), for they change what threads do.
    """
    options = [(name, value) for name, value in sys._xoptions.items() if name != "faulthandler"]
    words = [word for name, value in options for word in ("-X", name if value is True else f"{name}={value}")]
    return [sys.executable, *words, "-c", _CODE.format(root=_ROOT, module=module, function=function)]


@dataclass(frozen=True)
class Interpreter:
    """cores: processors this process may use."""

    implementation: str
    version: tuple[int, int, int]
    gil: bool
    cores: int

    @classmethod
    def running(cls) -> Interpreter:
        gil = getattr(sys, "_is_gil_enabled", lambda: True)()
        affinity = getattr(os, "sched_getaffinity", None)
        cores = len(affinity(0)) if affinity else os.cpu_count() or 1
        major, minor, micro = sys.version_info[:3]
        return cls(platform.python_implementation(), (major, minor, micro), gil, cores)

    @property
    def name(self) -> str:
        """`3.13.0`, with a `t` for a free-threaded build that runs without the GIL."""
        return ".".join(map(str, self.version)) + ("" if self.gil else "t")

    def __str__(self) -> str:
        gil = "with the GIL" if self.gil else "free-threaded, no GIL"
        return f"{self.implementation} {self.name}, {gil}, {self.cores} core{'s'[: self.cores != 1]}"

    def why_it_may_hide(self) -> str:
        """Why native runs without a failure say little here."""
        if not self.gil:
            if self.cores == 1:
                return "One core only: threads take turns, seldom in the middle of a statement. A race may hide."
            return (
                "Without the GIL threads run side by side, but one with little to do is over before the next has begun:"
                " a race may hide. More load shows more of it (--sweep), a controlled search needs none."
            )
        if self.version < (3, 10):
            return "With the GIL, one thread runs at a time, 5 ms by itself. A race may hide."
        return (
            "With the GIL, CPython 3.10 and newer lets another thread run only at a call, at the end of a loop's round,"
            " or where a thread blocks, and then only every 5 ms. A statement such as `counter += 1` is never split:"
            " a race in it hides, it is not gone. A free-threaded build shows it, and so does a controlled search."
        )
