"""Searches over real programs: what is tried, in which order, and what is claimed of it."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from harness.budget import Budget
from harness.explore import Exploration, Options, explore
from harness.world.program import load_program


def searched(directory: Path, source: str, **options: Any) -> Exploration:
    path = directory / "program.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return explore(load_program(path), Options(**{"strategy": "exhaustive", "budget": Budget(seconds=60), **options}))


STARTED = """
def main():
    threads = [threading.Thread(target=work, name=work.__name__) for work in (one, two)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return list(table.values())
"""

KEYS = """
import threading, enum
class Kind(str, enum.Enum):
    A = "a"
class Level(enum.IntEnum):
    LOW = 1
class Who:
    pass
ann, bob = Who(), Who()
table = {"a": 0, 1: 0, ann: 0, bob: 0, (ann, 1): 0}
def one():
    table[Kind.A] += 1; table[Level.LOW] += 1; table[ann] += 1; table[ann, 1] = 2
def two():
    table["a"] += 1; table[1] += 1; table[bob] += 1; table[ann, 1] = 3
"""


def test_keys_that_are_objects_are_the_same_in_every_execution(tmp_path: Path) -> None:
    """Two unprotected counters of four traces each and two writes in two orders: 4 * 4 * 2. Own keys commute."""
    found = searched(tmp_path, KEYS + STARTED)
    counts = {(a, b, last) for a in (1, 2) for b in (1, 2) for last in (2, 3)}
    assert (found.claim, found.executions) == ("exhausted", 32), found.message
    assert found.results == {f"[{a}, {b}, 1, 1, {last}]": 4 for a, b, last in counts}
