"""CPython's own tests of its primitives pass inside the world, whatever the schedule.

They are executed as programs (tests/programs/cpython/), the `test` package rewritten and on the lab's threads and
clock like any other. What is left out is named there, with its reason.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.together

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tests" / "programs" / "cpython"
SEEDS = ("random:6", "fair:3", "pct:2")
SECONDS = 4.0
"""For the seeds of one suite; the first of each strategy is always executed."""

WITHOUT_GIL = ("lock_tests", "queue_tests")

SUITES = {
    "lock_tests": 120,
    "queue_tests": 32,
    "thread_tests": 30,
    "raw_tests": 22,
    "sched_tests": 11,
    "local_tests": 20,
    "excepthook_tests": 6,
    "pool_tests": 60,
}
"""Programs, and how many of CPython's tests each runs at the least."""


def suite_of(stdlib: Path, program: str) -> Path:
    """The test package's part that a program needs."""
    return stdlib / "test" / ("test_concurrent_futures" if program == "pool_tests" else "lock_tests.py")


STDLIB = Path(sysconfig.get_path("stdlib"))


def stdlib_of(command: str) -> Path | None:
    """Where an interpreter's standard library is; None where there is no such interpreter."""
    code = "import sysconfig; print(sysconfig.get_path('stdlib'))"
    try:
        done = subprocess.run([command, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    return Path(done.stdout.strip()) if done.returncode == 0 else None  # pyenv has shims that only say they cannot


def many_seeds(
    program: str,
    seeds: tuple[str, ...] = SEEDS,
    seconds: float = SECONDS,
    interpreter: str = sys.executable,
    path: str = "",
    instrumented: str = "test",
) -> list[dict[str, Any]]:
    command = [
        interpreter,
        str(ROOT / "tests" / "many_seeds.py"),
        str(PROGRAMS / f"{program}.py"),
        f"{seconds:g}",
        instrumented,
        *seeds,
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + 100, env=environment, check=False)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def assert_all_passed(program: str, executions: list[dict[str, Any]], but: tuple[str, ...] = ()) -> None:
    for execution in executions:
        where = f"{execution['strategy']} {execution['seed']}: {execution['message']}\n{execution['output']}"
        # Threads that crash on purpose end in `crashed`; what the tests say of it is in the result.
        assert execution["outcome"] == ("crashed" if program == "excepthook_tests" else "passed"), where
        result = ast.literal_eval(execution["result"])
        assert tuple(result["failed"]) == but, where
        assert result["run"] >= SUITES[program], where
    assert executions


def without_gil(directory: Path) -> tuple[str, str] | None:
    """A free-threaded interpreter, and a path on which its `test` package is: its own, or one of the same version."""
    interpreter = shutil.which("python3.13t")
    for command in (interpreter, "python3.13"):
        stdlib = stdlib_of(command) if interpreter and command else None
        if stdlib is not None and suite_of(stdlib, "lock_tests").exists():
            (directory / "test").symlink_to(stdlib / "test", target_is_directory=True)
            return str(interpreter), str(directory)
    return None


KEPT_ALIVE = "test.test_threading.ThreadTests.test_no_refcycle_through_target"
"""Needs a dictionary of arguments to go when its thread has ended. One that threads have touched stays."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[list[dict[str, Any]]]]]:
    """All suites, two at a time."""
    other = without_gil(tmp_path_factory.mktemp("borrowed"))
    with ThreadPoolExecutor(2) as pool:
        started = {name: pool.submit(many_seeds, name) for name in SUITES if suite_of(STDLIB, name).exists()}
        for name in [*started]:
            started[f"{name} opened"] = pool.submit(many_seeds, name, ("random:3",), 1.0, instrumented="test,threading")
        for name in WITHOUT_GIL if other else ():
            started[f"{name} without gil"] = pool.submit(many_seeds, name, ("random:2", "fair:1"), 1.0, *other)
        yield started


@pytest.mark.parametrize("program", SUITES)
def test_cpythons_own_tests_pass_under_many_schedules(program: str, runs: dict[str, Any]) -> None:
    if program not in runs:
        pytest.skip(f"this Python came without {suite_of(Path('lib'), program)}")
    assert_all_passed(program, runs[program].result())


@pytest.mark.parametrize("program", SUITES)
def test_they_pass_with_the_primitives_taken_apart(program: str, runs: dict[str, Any]) -> None:
    if f"{program} opened" not in runs:
        pytest.skip(f"this Python came without {suite_of(Path('lib'), program)}")
    assert_all_passed(program, runs[f"{program} opened"].result(), (KEPT_ALIVE,) if program == "thread_tests" else ())


@pytest.mark.parametrize("program", WITHOUT_GIL)
def test_they_pass_without_the_gil(program: str, runs: dict[str, Any]) -> None:
    if f"{program} without gil" not in runs:
        pytest.skip("there is no python3.13t here, or no tests of its version")
    assert_all_passed(program, runs[f"{program} without gil"].result())


@pytest.mark.long
@pytest.mark.parametrize("program", SUITES)
def test_cpythons_own_tests_pass_under_very_many_schedules(program: str) -> None:
    if not suite_of(STDLIB, program).exists():
        pytest.skip(f"this Python came without {suite_of(Path('lib'), program)}")
    assert_all_passed(program, many_seeds(program, ("random:100", "fair:50", "pct:50", "pos:50"), 600.0))


def test_the_command_line_explores_cpythons_tests_like_any_program() -> None:
    """The determinism check, the profile and the search: the test package's own threading and time are the lab's."""
    if not suite_of(STDLIB, "local_tests").exists():
        pytest.skip("this Python came without its tests")
    program = str(PROGRAMS / "local_tests.py")
    command = [sys.executable, "-m", "harness", "explore", program, "--json", "--instrument", "test"]
    done = subprocess.run(
        [*command, "--strategy", "random", "--budget", "5x", "--timeout", "30"],
        cwd=ROOT, capture_output=True, text=True, timeout=100, check=False,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["outcome"], found["executions"]) == ("passed", 5), found["message"]
    assert list(found["results"]) == ["{'failed': [], 'run': 20, 'skipped': []}"]
