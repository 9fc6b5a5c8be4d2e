"""Executes one program under many seeds, in this process and with no search around it; prints a JSON document.

python tests/many_seeds.py PROGRAM SECONDS INSTRUMENTED[,…] STRATEGY:SEEDS …
"""

from __future__ import annotations

import gc
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.execution import Runner
from harness.strategies import Profile, make
from harness.world.program import load_program

MAX_STEPS = 200_000


def executions(program: str, seconds: float, instrumented: str, orders: list[str]) -> list[dict[str, object]]:
    """One line per execution; the first of each strategy always, more while there is time."""
    runner = Runner(load_program(program), max_steps=MAX_STEPS, instrumented=tuple(instrumented.split(",")))
    gc.freeze()
    found, until = [], time.monotonic() + seconds
    for order in orders:
        name, seeds = order.split(":")
        for seed in range(int(seeds)):
            if seed and time.monotonic() > until:
                break
            strategy = make(name, seed, Profile(2000, 20, (100,) * 20, ()))
            strategy.begin(0)
            execution = runner.run(strategy)
            found.append({
                "strategy": name, "seed": seed, "outcome": execution.outcome.value, "message": execution.message,
                "result": execution.result, "output": execution.output[-2000:],
            })  # fmt: skip
    return found


if __name__ == "__main__":
    json.dump(executions(sys.argv[1], float(sys.argv[2]), sys.argv[3], sys.argv[4:]), sys.stdout)
