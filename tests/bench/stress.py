"""Runs per second of free threads, side by side with a loop that spawns `python broken.py`; goal: ten times as many.

    python tests/bench/stress.py [PROGRAM.py]

Without a program it takes one of two threads that joins them, and its twin that must have a child for every run.
Each series lasts a second, the start of the process that forks the runs included.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from pathlib import Path

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


def spawned_per_second(path: Path, runs: int) -> float:
    """What a shell loop of `python broken.py` reaches on one core."""
    began = time.perf_counter()
    for _ in range(runs):
        subprocess.run([sys.executable, str(path)], stdout=subprocess.DEVNULL, check=False)
    return runs / (time.perf_counter() - began)


def measured(path: Path, rounds: int = 4) -> dict[str, float]:
    """The best of some rounds each, one after the other so that the machine's load hits all alike."""
    program = load_program(path)
    best: dict[str, float] = {}
    for _ in range(rounds):
        row = {"spawned": spawned_per_second(path, 20)}
        for mode in ("native", "stress"):
            row[mode] = stress(program, mode=mode, budget=Budget(seconds=1)).runs_per_second
        best = {name: max(value, best.get(name, 0.0)) for name, value in row.items()}
    return best


def main(arguments: list[str]) -> None:
    print(Interpreter.running())
    with tempfile.TemporaryDirectory() as directory:
        programs = [Path(argument) for argument in arguments]
        if not programs:
            programs = [Path(directory, "two_threads.py"), Path(directory, "a_child_for_each.py")]
            programs[0].write_text(TWO_THREADS)
            programs[1].write_text("import logging\n" + TWO_THREADS)  # which might leave something behind
        print(f"{'runs per second':24} {'spawned':>9} {'native':>9} {'':6} {'stress':>9}")
        for path in programs:
            best = measured(path)
            times = {mode: f"{best[mode] / best['spawned']:.0f}x" for mode in ("native", "stress")}
            row = f"{best['spawned']:9.0f} {best['native']:9.0f} {times['native']:>6} {best['stress']:9.0f}"
            print(f"{path.stem:24} {row} {times['stress']:>6}")


if __name__ == "__main__":
    main(sys.argv[1:])
