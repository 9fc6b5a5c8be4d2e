"""Heisenlab: makes concurrency bugs in Python threads appear at will, and proves their fixes.

The front door for Python code, a test of one's own say; nothing inside goes through it:

    from harness import Outcome, explore, load_program

    found = explore(load_program("bank.py"))
    assert found.outcome is Outcome.PASSED and found.exhausted, found.message

`explore`, `replay` and `stress` do what the commands of these names do, `resolve` finds a scenario by its name.
All of them are loaded when the first is asked for, so that starting a worker costs no more than it needs.
"""

from __future__ import annotations

import sys

if sys.argv[:1] == ["-m"]:  # `python -m harness`: what lies in the current directory must hide no module of Python's
    sys.path.append(sys.path.pop(0))

from importlib import import_module  # noqa: E402
from typing import TYPE_CHECKING, Any  # noqa: E402

if TYPE_CHECKING:
    from harness.budget import Budget as Budget
    from harness.corpus import resolve as resolve
    from harness.explore import Exploration as Exploration
    from harness.explore import Options as Options
    from harness.explore import Replay as Replay
    from harness.explore import explore as explore
    from harness.explore import replay as replay
    from harness.outcome import Outcome as Outcome
    from harness.schedule import Witness as Witness
    from harness.stress import StressResult as StressResult
    from harness.stress import stress as stress
    from harness.trace import Trace as Trace
    from harness.world.program import Program as Program
    from harness.world.program import TargetError as TargetError
    from harness.world.program import load_program as load_program

_ROOMS = {
    "harness.budget": ("Budget",),
    "harness.corpus": ("resolve",),
    "harness.explore": ("Exploration", "Options", "Replay", "WitnessError", "explore", "replay"),
    "harness.outcome": ("Outcome",),
    "harness.schedule": ("Witness",),
    "harness.stress": ("StressResult", "stress"),
    "harness.trace": ("Trace",),
    "harness.world.program": ("Program", "TargetError", "load_program"),
}
__all__ = [name for names in _ROOMS.values() for name in names]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    rooms = {room: import_module(room) for room in _ROOMS}
    # Importing a room makes it an attribute of this package: what has the same name takes its place afterwards.
    globals().update({name: getattr(rooms[room], name) for room, names in _ROOMS.items() for name in names})
    return globals()[name]
