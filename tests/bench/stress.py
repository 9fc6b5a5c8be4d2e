"""Runs per second of free threads, side by side with a loop that spawns `python broken.py`; goal: ten times as many.

    python tests/bench/stress.py [PROGRAM.py]

Without a program it takes one of two threads that joins them, and its twin that must have a child for every run.
Each series lasts a second, the start of the process that forks the runs included.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from harness.budget import Budget
from harness.children.interpreter import Interpreter
from harness.stress import stress
from harness.world.program import load_program

TWO_THREADS = """\
import threading

stock = 10


def take():
    global stock
    for _ in range(5):
        stock -= 1


def main():
    orders = [threading.Thread(target=take, name=name) for name in ("alice", "bob")]
    for order in orders:
        order.start()
    for order in orders:
        order.join()
    return stock


if __name__ == "__main__":
    print(main())
"""


class Pace(NamedTuple):
    """Runs per second: of the wall's clock, and of a core's time, which other programs take nothing of."""

    clock: float
    core: float


def paced(make: Callable[[], int]) -> Pace:
    """make() makes runs in child processes, ends those, and returns the number of runs."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    runs = make()
    seconds, after = time.perf_counter() - began, resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Pace(runs / seconds, runs / used)


def spawned(path: Path, runs: int) -> int:
    """What a shell loop of `python broken.py` does."""
    for _ in range(runs):
        subprocess.run([sys.executable, str(path)], stdout=subprocess.DEVNULL, check=False)
    return runs


def measured(path: Path, rounds: int = 4) -> dict[str, Pace]:
    """The best of some rounds each, one after the other so that the machine's load hits all alike."""
    program = load_program(path)
    ways: dict[str, Callable[[], int]] = {"spawned": lambda: spawned(path, 20)}
    for mode in ("native", "stress"):
        ways[mode] = lambda mode=mode: stress(program, mode=mode, budget=Budget(seconds=1)).runs
    found: dict[str, list[Pace]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, make in ways.items():
            found[way].append(paced(make))
    return {way: Pace(max(p.clock for p in paces), max(p.core for p in paces)) for way, paces in found.items()}


def main(arguments: list[str]) -> None:
    print(Interpreter.running())
    with tempfile.TemporaryDirectory() as directory:
        programs = [Path(argument) for argument in arguments]
        if not programs:
            programs = [Path(directory, "two_threads.py"), Path(directory, "a_child_for_each.py")]
            programs[0].write_text(TWO_THREADS)
            programs[1].write_text("import logging\n" + TWO_THREADS)  # which might leave something behind
        print(f"{'runs per second':24} {'':10} {'spawned':>9} {'native':>9} {'':6} {'stress':>9}")
        for path in programs:
            best = measured(path)
            for kind in Pace._fields:
                pace = {way: getattr(found, kind) for way, found in best.items()}
                times = {way: f"{value / pace['spawned']:.0f}x" for way, value in pace.items()}
                row = f"{pace['spawned']:9.0f} {pace['native']:9.0f} {times['native']:>6} {pace['stress']:9.0f}"
                print(f"{path.stem:24} of a {kind:5} {row} {times['stress']:>6}")


if __name__ == "__main__":
    main(sys.argv[1:])
