"""What Linux does for a process that asks for it: its end with its parent's, and orphans that become its own.

Elsewhere nothing of it happens.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

_prctl: Any = getattr(ctypes.CDLL(None), "prctl", None) if sys.platform == "linux" else None
_KILL_ME = 1  # PR_SET_PDEATHSIG: a signal for this process when its parent dies
_SLACK = 29  # PR_SET_TIMERSLACK: ns by which naps may be late (50,000 if nobody asks)
_ADOPT = 36  # PR_SET_CHILD_SUBREAPER: orphans below this process become its children


def die_with(parent: int) -> None:
    """From now on this process, whose parent that is, is killed when that one ends."""
    if _prctl is not None:
        _prctl(_KILL_ME, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)  # it died before its death could be a signal


def nap_exactly() -> None:
    """From now on the naps of this process's threads are as short as they are asked to be."""
    if _prctl is not None:
        _prctl(_SLACK, 1)


def adopt_orphans() -> None:
    """From now on a process that leaves its child's group is still this process's to end."""
    if _prctl is not None:
        _prctl(_ADOPT, 1)
