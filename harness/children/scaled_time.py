"""The program's clock: `scale` of its seconds pass in one second of the wall's.

Everything a program reads is scaled alike (what it sleeps, its timeouts, its clocks), so that an oracle that judges
durations judges the program's own. What the program computes takes `scale` times as long by that clock.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

# Modules that took a clock out of `time` by name when the warm parent imported them.
_TOOK_CLOCKS = ("threading", "queue", "sched")


def install(scale: float) -> None:
    """Scale the clocks and sleeps of this process, for good."""
    clocks: dict[Any, Callable[..., Any]] = {time.sleep: _sleep(scale)}
    for name in ("monotonic", "perf_counter", "time"):
        clock = getattr(time, name)
        clocks[clock] = _clock(clock, scale)
        nanoseconds = getattr(time, f"{name}_ns")
        clocks[nanoseconds] = _nanoseconds(nanoseconds, scale)
    for module in [time, *(sys.modules[name] for name in _TOOK_CLOCKS if name in sys.modules)]:
        for name, value in list(vars(module).items()):
            if callable(value) and getattr(value, "__module__", None) == "time" and value in clocks:
                setattr(module, name, clocks[value])


def _sleep(scale: float, sleep: Callable[[float], None] = time.sleep) -> Callable[[float], None]:
    def scaled_sleep(seconds: float) -> None:
        sleep(seconds / scale)

    return scaled_sleep


def _clock(clock: Callable[[], float], scale: float) -> Callable[[], float]:
    start = clock()
    return lambda: start + (clock() - start) * scale


def _nanoseconds(clock: Callable[[], int], scale: float) -> Callable[[], int]:
    start = clock()
    return lambda: start + int((clock() - start) * scale)
