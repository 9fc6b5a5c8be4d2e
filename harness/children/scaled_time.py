"""The program's clock: `scale` of its seconds pass in one second of the wall's.

Everything a program reads is scaled alike (what it sleeps, its timeouts, its clocks), so that an oracle that judges
durations judges the program's own. What the program computes takes `scale` times as long by that clock.
"""

from __future__ import annotations

import ast
import sys
import time
from collections.abc import Callable
from typing import Any

# Modules that took a clock out of `time` by name when the warm parent imported them.
_TOOK_CLOCKS = ("threading", "queue", "sched")


_CLOCKS = {"time", "sched", "asyncio", "datetime", "signal"}  # modules
_TIMED = {"Timer", "sleep", "call_later", "settimeout"}
_WAITS = {"wait": 1, "result": 1, "acquire": 2, "wait_for": 2, "get": 2, "put": 3}  # which argument limits the time


def by_the_clock(source: str) -> bool:
    """Whether what the program does may depend on how fast time passes: it asks for the time, or waits with a limit."""
    return any(_is_timed(node) for node in ast.walk(ast.parse(source)))


def _is_timed(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in _CLOCKS for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in _CLOCKS or any(alias.name in _TIMED for alias in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr in _TIMED
    if not isinstance(node, ast.Call):
        return False
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    return (
        any(keyword.arg == "timeout" for keyword in node.keywords)
        or (method == "join" and isinstance(first, (int, float)))  # a text joins texts
        # A dictionary's get has two arguments as well.
        or (len(node.args) >= _WAITS.get(method, 99) and (method != "get" or first is True))
    )


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
