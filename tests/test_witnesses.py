"""One witness, every interpreter: each scenario's fails in the same way, step by step, wherever it is replayed."""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from harness import corpus
from harness.execution import Runner
from harness.schedule import Witness
from harness.world.program import digest

ROOT = Path(__file__).resolve().parent.parent
OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
VERSIONS = ("3.11", "3.12", "3.13", "3.13t")

REPLAY_ALL = """
import json, sys
from harness import corpus
from harness.execution import Runner
from harness.schedule import Witness

answers = {}
for directory in corpus.directories():
    scenario = corpus.load(directory)
    shown = Runner(scenario.program("broken")).replay(Witness.parse(scenario.witness))
    steps = [f"{s.thread} {s.operation} {s.object} = {s.value} ({s.line})" for s in shown.trace.steps if s.file]
    answers[scenario.name] = [shown.diverged, shown.execution.outcome, shown.execution.message, steps]
json.dump(answers, sys.stdout)
"""


def interpreter(version: str) -> str | None:
    """A command that answers: pyenv puts shims on PATH that only say they cannot."""
    if version == OWN and not sys.abiflags.startswith("t"):
        return sys.executable
    command = shutil.which(f"python{version}")
    if command is None or subprocess.run([command, "-c", ""], capture_output=True, check=False).returncode:
        return None
    return command


@cache
def answers(version: str) -> dict[str, Any] | None:
    """What became of each scenario's witness under that interpreter."""
    command = interpreter(version)
    if command is None:
        return None
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [command, "-c", REPLAY_ALL], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=100, check=False
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, Any] = json.loads(run.stdout)
    return found


@pytest.mark.parametrize("version", VERSIONS)
def test_every_scenarios_witness_leads_to_what_it_promises(version: str) -> None:
    found = answers(version)
    if found is None:
        pytest.skip(f"no python{version} here")
    promised = {s.name: [None, s.expect.value] for s in map(corpus.load, corpus.directories())}
    assert {name: answer[:2] for name, answer in found.items()} == promised


@pytest.mark.parametrize("version", [version for version in VERSIONS if version != OWN])
def test_the_program_does_the_same_steps_under_each_interpreter(version: str) -> None:
    here, there = answers(OWN), answers(version)
    if here is None or there is None:
        pytest.skip(f"no python{version} here")
    assert {name: answer[2:] for name, answer in there.items()} == {name: answer[2:] for name, answer in here.items()}


UNUSED = """

# a comment
pass


def unused(things):
    things.append(1)
    return len(things)
"""


class Idle(ast.NodeTransformer):
    """A `pass` before every statement of a function, and a local variable."""

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        self.generic_visit(node)
        node.body = [ast.parse("a_local = 1 + 1").body[0], *(s for part in node.body for s in (ast.Pass(), part))]
        return ast.fix_missing_locations(node)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # executors that are unwound
@pytest.mark.parametrize("scenario", list(map(corpus.load, corpus.directories())), ids=lambda scenario: scenario.name)
def test_harmless_edits_leave_every_scenarios_witness_valid(scenario: corpus.Scenario) -> None:
    program = scenario.program("broken")
    imports, _, rest = program.source.partition("\n\n\n")
    edits = imports + UNUSED + "\n\n" + rest, ast.unparse(Idle().visit(ast.parse(program.source)))
    for source in edits:
        edited = replace(program, source=source, digest=digest(source))
        assert edited.digest != program.digest
        shown = Runner(edited).replay(Witness.parse(scenario.witness))
        assert (shown.diverged, shown.execution.outcome) == (None, scenario.expect)
