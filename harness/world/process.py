"""What a program can change of the process that it runs in, put back before each execution."""

from __future__ import annotations

import contextlib
import os
import sys
from typing import Any


class Process:
    """As it was when this was made: environment, working directory, where modules are found; as arguments, none."""

    def __init__(self, program: str) -> None:
        self._environment = dict(os.environ)
        self._stored: dict[Any, Any] = vars(os.environ)["_data"]  # looked at each time, and reading it decoded is slow
        self._as_stored = dict(self._stored)
        self._arguments, self._path = [program], list(sys.path)
        self._directory = _directory()

    def put_back(self) -> None:
        """Undo what the execution before has changed."""
        if self._stored != self._as_stored:
            os.environ.clear()
            os.environ.update(self._environment)
        if sys.argv != self._arguments:
            sys.argv[:] = self._arguments
        if sys.path != self._path:
            sys.path[:] = self._path
        if _directory() != self._directory:
            with contextlib.suppress(OSError):
                os.chdir(self._directory)


def _directory() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed
        return ""
