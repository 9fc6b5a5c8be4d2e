"""`reproduce --everywhere`: the main job under every interpreter that is here, as the README's table."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.children.interpreter import Interpreter
from harness.commands.everywhere import COMMANDS, Found, interpreters
from harness.report.everywhere import markdown
from tests.free_runs import lab

OWN = "{}.{}".format(*sys.version_info[:2]) + ("" if Interpreter.running().gil else "t")


def scenario(name: str, native: str, stress: str, first: int, verdict: str = "REPRODUCED, FIX HOLDS") -> dict[str, Any]:
    free = [dict(zip(("failed", "runs"), map(int, text.split("/")), strict=True)) for text in (native, stress)]
    search = {"failures": 1 if first else 0, "executions": first or 500}
    broken = {"native": free[0], "stress": free[1], "explore": search}
    return {"scenario": name, "broken": broken, "verdict": verdict, "exit_code": 0 if first else 3}


def test_the_table_has_a_row_per_scenario_and_a_column_per_interpreter() -> None:
    first = [scenario("deadlock/a", "0/100", "7/80", 2), scenario("race_condition/b", "0/100", "0/100", 1230)]
    other = [
        scenario("deadlock/a", "3/100", "9/90", 2),
        scenario("race_condition/b", "0/9", "0/9", 0, "NOT REPRODUCED"),
    ]
    facts = {"cores": 2, "seed": 0}
    table = markdown(
        [
            {**facts, "python": "3.11.7", "scenarios": first, "held": 2},
            {**facts, "python": "3.13.1t", "scenarios": other, "held": 2},
        ],
        ["python3.12"],
    )
    assert table.splitlines() == [
        "Failed of all: native · stress · controlled, where a search ends with its first",
        "failure (1/27 is the 27th execution). 2 cores, seed 0; a `t` is a Python without",
        "the GIL. Not on this machine: python3.12.",
        "",
        "| broken program     | 3.11.7                  | 3.13.1t            |",
        "|--------------------|-------------------------|--------------------|",
        "| **deadlock**       |                         |                    |",
        "| a                  | 0/100 · 7/80 · 1/2      | 3/100 · 9/90 · 1/2 |",
        "| **race_condition** |                         |                    |",
        "| b                  | 0/100 · 0/100 · 1/1,230 | 0/9 · 0/9 · 0/500  |",
        "| **bugs seen**      | 0 · 1 · 2 of 2          | 1 · 1 · 1 of 2     |",
        "| **fixes held**     | 2 of 2                  | 2 of 2             |",
        "",
        "Not right:",
        "",
        "- 3.13.1t, race_condition/b: NOT REPRODUCED",
    ]


def test_a_command_that_is_missing_or_another_python_than_it_says_is_named_and_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other, liar = [name for name in COMMANDS if name != f"python{OWN}"][:2]
    (tmp_path / other).write_text("#!/bin/sh\necho 'pyenv: command not found' >&2\nexit 127\n")
    (tmp_path / liar).write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for command in (other, liar):
        (tmp_path / command).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    found = list(interpreters())
    assert found == [Found(OWN, sys.executable), *(name for name in COMMANDS if name != f"python{OWN}")]


def test_the_main_job_is_done_under_each_interpreter_and_the_missing_ones_are_named() -> None:
    environment = {**os.environ, "PATH": "/nowhere"}
    answer = lab(
        "reproduce", "race_condition/lost_update", "--everywhere", "--budget", "20x", "--json", env=environment
    )
    document = json.loads(answer.stdout)
    assert [each["python"] for each in document["interpreters"]] == [Interpreter.running().name]
    assert document["missing"] == [name for name in COMMANDS if name != f"python{OWN}"]
    assert answer.returncode == 0 and f"{document['missing'][-1]} is not here: skipped" in answer.stderr
    row = next(line for line in markdown(document["interpreters"], []).splitlines() if line.startswith("| lost_update"))
    assert [part.strip(" |").partition("/")[2] for part in row.split("|")[2].split("·")] == ["20", "20", "2"]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (
            ("--junitxml", "x.xml"),
            "--everywhere makes one table (or one document, with --json), no --jsonl and no --junitxml",
        ),
        (("nosuch",), "no scenario 'nosuch'"),
    ],
)
def test_what_cannot_be_done_everywhere_is_refused_in_one_line(options: tuple[str, ...], complaint: str) -> None:
    answer = lab("reproduce", "--everywhere", *options, env={**os.environ, "PATH": "/nowhere"})
    lines = [line for line in answer.stderr.splitlines() if not line.endswith("skipped")]
    assert (answer.returncode, answer.stdout, len(lines)) == (2, "", 1)
    assert complaint in lines[0]
