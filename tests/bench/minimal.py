"""What minimising leaves: the preemptions and steps of every scenario's failure, as chance found it and as it is told.

`proved`: every schedule with fewer preemptions was tried, and none fails like this. Threads that take turns for ever
have no number of preemptions; there the steps up to the loop, and the turns of the witness, are what gets smaller.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))

from harness import corpus
from harness.budget import Budget
from harness.execution import Replayed, Runner
from harness.laboratory import Here, Laboratory, Order
from harness.minimize import minimize
from harness.outcome import Outcome
from harness.search import Search

LIMIT = 3_000
LOOPS = (Outcome.LIVELOCK, Outcome.STARVATION)


def failure(scenario: corpus.Scenario, runner: Runner, seed: int) -> Replayed | None:
    """A failing execution that chance found."""
    for strategy in ("random", "fair"):
        order = Order(runner.program, strategy, seed, Budget(executions=LIMIT), None, None, False, False, ())
        found = Search(order, Here(order, runner)).find()
        if found.first is not None and found.outcome is scenario.expect:
            return Laboratory(order, runner, lambda so_far: None).shown(found.first)
    return None


def row(scenario: corpus.Scenario, seed: int) -> str:
    runner = Runner(scenario.program("broken"))
    before = failure(scenario, runner, seed)
    if before is None:
        return f"| {scenario.name} | not found by chance | | | | | |"
    began = time.perf_counter()
    least = minimize(before, runner)
    seconds = time.perf_counter() - began
    after, loops = least.replayed, before.execution.outcome in LOOPS and before.witness.fair
    numbers = ["-", "-"] if loops else [str(before.preemptions), str(after.preemptions)]
    steps = [str(shown.execution.steps) for shown in (before, after)]
    turns = [str(len(shown.witness.turns)) for shown in (before, after)]
    proved = "-" if loops else "yes" if least.proved else "no"
    pairs = [" → ".join(pair) for pair in (numbers, steps, turns)]
    return f"| {scenario.name} | {' | '.join(pairs)} | {proved} | {seconds:.2f} |"


def main() -> None:
    seed = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    print(f"Python {sys.version.split()[0]}, random, seed {seed}: the first failure, before → after minimising")
    print("| scenario | preemptions | steps | turns in the witness | proved | seconds |")
    print("|---|---|---|---|---|---|")
    for directory in corpus.directories():
        print(row(corpus.load(directory), seed), flush=True)


if __name__ == "__main__":
    main()
