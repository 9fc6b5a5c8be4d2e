"""Which failures have a critical pair: broken programs and wrong fixes of the corpus, and programs that make it hard.

    python tests/bench/pairs.py

Hard are failures among many races that look like the one that decides, and failures that lose much at once. `ever
passes`: one of a hundred random schedules did; where none does, no two steps decide.
"""

from __future__ import annotations

import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness import corpus
from harness.budget import Budget
from harness.execution import Runner
from harness.explore import Options, explore
from harness.outcome import Outcome
from harness.world.program import Program, load_program

BUDGET = Budget(executions=3_000, seconds=30.0)

SAMPLES = 100

MAIN = """
import threading
%s
def main():
    threads = [threading.Thread(target=work, name=name) for name in (%s)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    %s
"""

TWO = '"ann", "bob"'

HARD = {
    "one of 80 cells": MAIN % ("""
cells = [0] * 80
def work():
    for i in range(80):
        cells[i] += 1
""", TWO, "assert cells[17] == 2"),
    "early in a long loop": MAIN % ("""
first = other = 0
def work():
    global first, other
    first += 1
    for _ in range(100):
        other += 1
""", TWO, "assert first == 2"),
    "every one of 30 updates": MAIN % ("""
count = 0
def work():
    global count
    for _ in range(30):
        count += 1
""", TWO, "assert count == 60"),
    "eight threads": MAIN % ("""
count = 0
def work():
    global count
    count += 1
""", ", ".join(f'"t{n}"' for n in range(8)), "assert count > 6"),
    "log beside it": MAIN % ("""
log, stock = [], 3
def work():
    global stock
    seen = stock
    for n in range(60):
        log.append(n)
    stock = seen - 1
    for n in range(60):
        log.append(n)
""", TWO, "assert stock == 1"),
    "locked noise": MAIN % ("""
lock, noise, total = threading.Lock(), 0, 0
def work():
    global noise, total
    for n in range(60):
        with lock:
            noise += 1
        if n == 5:
            total += 1
""", TWO, "assert total == 2"),
}  # fmt: skip


def programs(folder: Path) -> Iterator[Program]:
    for directory in corpus.directories():
        scenario = corpus.load(directory)
        for variant in ("broken", *(wrong.name for wrong in scenario.wrong_fixes)):
            yield scenario.program(variant)
    for name, source in HARD.items():
        path = folder / f"{name.replace(' ', '_')}.py"
        path.write_text(source, encoding="utf-8")
        yield load_program(path, name)


class _Chance:
    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def ever_passes(program: Program) -> bool:
    runner = Runner(program)
    for seed in range(SAMPLES):
        if runner.run(_Chance(seed)).outcome is Outcome.PASSED:
            return True
        runner.refine()
    return False


def main() -> None:
    came_to: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for program in programs(Path(folder)):
            began = time.perf_counter()
            found = explore(program, Options(budget=BUDGET))
            pair = found.critical_pair
            words = "not found to fail"
            if found.outcome.failed:
                words = pair.sentence if pair else "none" if ever_passes(program) else "none, and it never passed"
            came_to["pair" if pair else words] += 1
            words += f" ({found.unfinished})" if found.unfinished else ""
            print(
                f"{program.name} | {found.outcome} | {found.preemptions} | {words} | {time.perf_counter() - began:.2f}"
            )
            sys.stdout.flush()
    print(", ".join(f"{words}: {number}" for words, number in came_to.most_common()))


if __name__ == "__main__":
    main()
