"""What a program can do to the process that it runs in: never a verdict that is not true, never a harness that breaks.

Beside test_robustness.py, which has what blocks, spins and leaves: here programs put something else in place of what
the lab needs itself, or have the lab call them where it only wants to look. Each is explored and run with free threads
over the real command line; `*` stands for any line.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

pytestmark = pytest.mark.together

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 1.5
"""Seconds for an execution or a run."""

SPARE = 40.0
"""Seconds beyond it after which a command counts as hanging: this machine may be busy with other things."""


class Case(NamedTuple):
    """A program; outcome and message of `explore`; what `stress` counts, in two runs, and its exit code."""

    source: str
    outcome: str
    message: str
    outcomes: dict[str, int]
    code: int = 0


CASES = {
    "a finalizer that spins when everything is over": Case(
        """\
        class Stays:
            def __del__(self):
                while True:
                    pass

        stays = Stays()

        def main():
            return "fine"
        """,
        "inconclusive",
        "MainThread runs on without coming to a scheduling point (file:*), for 1.5 s",
        {"'fine'": 2},
    ),
    "a hook for uncaught exceptions that raises": Case(
        """\
        import sys
        import threading

        def hook(args):
            raise ValueError("in the hook")

        def main():
            threading.excepthook = sys.excepthook = hook
            thread = threading.Thread(target=int, args=("x",), name="parser")
            thread.start()
            thread.join()
        """,
        "crashed",
        "parser: ValueError: invalid literal for int() with base 10: 'x'",
        {"ValueError: invalid literal for int() with base 10: 'x'": 2},
        1,
    ),
    "a hook for uncaught exceptions that keeps them": Case(
        """\
        import threading

        def main():
            kept = []
            threading.excepthook = kept.append
            thread = threading.Thread(target=int, args=("x",), name="parser")
            thread.start()
            thread.join()
            return len(kept)
        """,
        "crashed",
        "parser: ValueError: invalid literal for int() with base 10: 'x'",
        {"ValueError: invalid literal for int() with base 10: 'x'": 2},
        1,
    ),
    "what is to be done at exit raises": Case(
        """\
        import threading

        def main():
            threading._register_atexit(lambda: 1 / 0)
            return "fine"
        """,
        "passed",
        "",
        {"'fine'": 2},
    ),
}

COMMANDS = {"explore": ("--budget", "5x"), "stress": ("--budget", "2x", "--seed", "1")}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[tuple[str, str], Future[Any]]]:
    """What each command says of each program, a few at a time, since most of each is waiting."""
    directory = tmp_path_factory.mktemp("programs")
    with ThreadPoolExecutor(3) as pool:
        yield {
            (name, command): pool.submit(ask, command, directory, name, case)
            for name, case in CASES.items()
            for command in COMMANDS
        }


def ask(command: str, directory: Path, name: str, case: Case) -> tuple[dict[str, Any], int]:
    path = directory / (re.sub(r"\W", "_", name) + ".py")
    path.write_text(dedent(case.source))
    done = subprocess.run(
        [sys.executable, "-m", "harness", command, str(path), "--json", "--timeout", str(TIMEOUT), *COMMANDS[command]],
        cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT + SPARE, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    answer["message"] = answer["message"].replace(path.name, "file")
    return answer, done.returncode


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are guarded where they can be forked")
@pytest.mark.parametrize("name", CASES)
def test_the_lab_says_what_is_true_of_a_program_that_spoils_its_process(
    name: str, answers: dict[tuple[str, str], Future[Any]]
) -> None:
    case, (answer, _) = CASES[name], answers[name, "explore"].result()
    message = re.sub(r"file:\d+", "file:*", answer["message"]) if "file:*" in case.message else answer["message"]
    assert (answer["outcome"], message) == (case.outcome, case.message)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs share nothing where processes can be forked")
@pytest.mark.parametrize("name", CASES)
def test_free_threads_are_counted_by_what_is_true_of_them(
    name: str, answers: dict[tuple[str, str], Future[Any]]
) -> None:
    case, (answer, code) = CASES[name], answers[name, "stress"].result()
    assert (answer["outcomes"], code) == (case.outcomes, case.code)
