"""`import harness`: what a Python user gets, in a process of their own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

COUNTER = """
import threading
n = 0
def add():
    global n
    n += 1
def main():
    threads = [threading.Thread(target=add, name=name) for name in ("ann", "bob")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    assert n == 2, n
"""


def printed(code: str, directory: Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=directory, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_a_failing_schedule_is_found_replayed_and_counted_from_python(tmp_path: Path) -> None:
    (tmp_path / "counter.py").write_text(COUNTER)
    code = """
from harness import Budget, Options, Outcome, Witness, explore, load_program, replay, stress
import harness
program = load_program("counter.py")
found = explore(program, Options(seed=3))
print(found.outcome is Outcome.VIOLATED, found.preemptions, Witness.parse(found.minimal_witness).outcome)
print(replay(program, found.minimal_witness).outcome, len(replay(program, found.minimal_witness).trace.steps) > 5)
print(stress(program, budget=Budget(executions=3)).runs, harness.explore is explore)
"""
    assert printed(code, tmp_path) == ["True 1 violated", "violated True", "3 True"]


def test_what_the_package_offers_is_there_and_nothing_else(tmp_path: Path) -> None:
    code = """
import harness
print(all(getattr(harness, name) is not None for name in harness.__all__))
try: harness.exlpore
except AttributeError as error: print(error)
"""
    assert printed(code, tmp_path) == ["True", "module 'harness' has no attribute 'exlpore'"]


def test_a_mistake_is_an_exception_of_its_own_kind(tmp_path: Path) -> None:
    code = """
from harness import TargetError, WitnessError, load_program, replay, resolve
for attempt in (lambda: load_program("none.py"), lambda: replay(resolve("lost_update").program, "h1:")):
    try: attempt()
    except (TargetError, WitnessError) as error: print(type(error).__name__)
"""
    assert printed(code, tmp_path) == ["TargetError", "WitnessError"]


def test_starting_the_lab_loads_no_more_than_the_package_itself() -> None:
    code = "import sys, harness; print([name for name in sys.modules if name.startswith('harness.')])"
    assert printed(code, ROOT) == ["[]"]
