"""One core for all threads of a run under stress, where only one of them can run at a time anyway.

With the GIL a thread that is woken on another core has to wait for the interpreter there: each hand-over costs the
wake-up of a core, which is a third of all the time that a perturbed run takes, and on a busy machine most of it. The
bugs found are as many. Native runs have the cores that the system gives them, and so has everything without the GIL.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress


def stay_on_one_core() -> None:
    """From now on this process keeps to the core that it is on. The program is told what it would be told otherwise."""
    if not hasattr(os, "sched_setaffinity") or not getattr(sys, "_is_gil_enabled", lambda: True)():
        return
    cores, asked = os.sched_getaffinity(0), os.sched_getaffinity
    with suppress(OSError, ValueError, IndexError):
        with open("/proc/self/stat", encoding="ascii") as file:
            here = int(file.read().rpartition(")")[2].split()[36])
        os.sched_setaffinity(0, {here})
        os.sched_getaffinity = lambda pid: set(cores) if pid in (0, os.getpid()) else asked(pid)
        if hasattr(os, "process_cpu_count"):
            vars(os)["process_cpu_count"] = lambda: len(cores)
