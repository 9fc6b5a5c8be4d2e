"""Programs written to disk and run with free threads: fixtures and programs of the tests of stress.

PYTEST_DONT_REWRITE (there are no assertions in here, and test modules import it before they register it)
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.budget import Budget
from harness.children.interpreter import Interpreter
from harness.children.parents import Parents
from harness.stress import StressResult, stress
from harness.world.program import Program, load_program

ROOT = Path(__file__).resolve().parent.parent
FORKS = hasattr(os, "fork")
LINUX = sys.platform == "linux"
GIL = Interpreter.running().gil

Write = Callable[..., Program]
Run = Callable[..., StressResult]


def lab(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """What the command line answers."""
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False, **options)


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a program, its oracle and modules beside it."""

    def write(source: str, oracle: str = "", **beside: str) -> Program:
        for name, text in {"broken": source, "oracle": oracle, **beside}.items():
            if text:
                (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_program(tmp_path / "broken.py", name="the program", oracle=tmp_path / "oracle.py")

    return write


@pytest.fixture(scope="module")
def parents() -> Iterator[Parents]:
    with Parents() as parents:
        yield parents


@pytest.fixture
def run(write: Write, parents: Parents) -> Run:
    """Write a program and run it natively, three times if nothing else is said."""

    def run(source: str, oracle: str = "", beside: dict[str, str] | None = None, **options: Any) -> StressResult:
        options = {"mode": "native", "budget": Budget(executions=3), "timeout": 20.0, **options}
        if "jobs" not in options:
            options["parents"] = parents
        return stress(write(source, oracle, **(beside or {})), **options)

    return run


PASSING = """
    import threading

    def main(threads=2):
        done = []
        workers = [threading.Thread(target=done.append, args=(i,)) for i in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return len(done)
"""

CROSSED_LOCKS = """
    import threading

    def pay(first, second, both):
        with first:
            both.wait()
            with second:
                pass

    def main():
        a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
        alice = threading.Thread(target=pay, args=(a, b, both), name="alice")
        bob = threading.Thread(target=pay, args=(b, a, both), name="bob")
        alice.start()
        bob.start()
        alice.join()
        bob.join()
"""
