"""How much memory a process that runs a program may take: a leak costs that process and not the machine."""

from __future__ import annotations

import contextlib
import sys

ADDRESSES = (8 if getattr(sys, "_is_gil_enabled", lambda: True)() else 32) << 30
"""Bytes of address space beyond what the process starts with: stacks of threads count, and their heaps without the GIL.

A thread for which there is no heap dies before it has begun, unseen.
"""


def limit_addresses() -> None:
    """From now on this process, and what it forks, gets a MemoryError beyond the limit; nothing where there is none."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[0])
        limit = pages * resource.getpagesize() + ADDRESSES
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
