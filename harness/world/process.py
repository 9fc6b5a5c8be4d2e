"""What a program can change of the process that it runs in, put back after each execution.

The lab works on in that process: it imports what it needs, calls itself more deeply than a program may want to allow,
and has its own idea of where output goes.
"""

from __future__ import annotations

import contextlib
import gc
import os
import sys
import warnings
from typing import Any

_SYS = vars(sys)
_HOOKS = ("stdin", "excepthook", "unraisablehook", "displayhook", "breakpointhook")


class Process:
    """As it was when this was made: environment, working directory, how modules are found, hooks; as arguments, none.

    Of the collector and of warnings what is called and looked at.
    """

    def __init__(self, program: str) -> None:
        self._environment = dict(os.environ)
        self._stored: dict[Any, Any] = vars(os.environ)["_data"]  # looked at each time, and reading it decoded is slow
        self._as_stored = dict(self._stored)
        sys.argv[:] = [program]
        kept: Any = (sys.argv, sys.path, sys.meta_path, sys.path_hooks, gc.callbacks, warnings.filters)
        self._lists = [(of_process, list(of_process)) for of_process in kept]
        self._hooks = _hooks()
        self._depth = sys.getrecursionlimit()
        self._directory = _directory()

    def put_back(self) -> None:
        """Undo what has been changed."""
        if self._stored != self._as_stored:
            os.environ.clear()
            os.environ.update(self._environment)
        for now, before in self._lists:
            if now != before:
                now[:] = before
        if sys.getrecursionlimit() != self._depth:
            sys.setrecursionlimit(self._depth)
        if _hooks() != self._hooks:
            for name, hook in zip(_HOOKS, self._hooks, strict=True):
                setattr(sys, name, hook)
        if _directory() != self._directory:
            with contextlib.suppress(OSError):
                os.chdir(self._directory)


def _hooks() -> list[Any]:
    return [*map(_SYS.get, _HOOKS)]


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""
