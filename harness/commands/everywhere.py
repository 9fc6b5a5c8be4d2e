"""`reproduce --everywhere`: the main job under every interpreter that this machine has, as one table."""

from __future__ import annotations

import functools
import json
import shutil
import subprocess
import sys
import time
from argparse import Namespace
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from harness import campaign
from harness.children.parents import HarnessFault
from harness.commands.console import Progress, say
from harness.commands.options import UsageError
from harness.report.documents import dumps
from harness.report.everywhere import markdown
from harness.report.text import count, seconds
from harness.reproduce import gravest

COMMANDS = ("python3.11", "python3.12", "python3.13", "python3.13t")
PATIENCE = 20.0
"""Seconds in which an interpreter has to say who it is: pyenv puts shims on PATH that only say they cannot start."""
_ASK = (
    "import sys; gil = getattr(sys, '_is_gil_enabled', lambda: True)();"
    "print('%d.%d' % sys.version_info[:2] + ('' if gil else 't'))"
)


class Found(NamedTuple):
    """An interpreter: which Python it is (`3.13t`), and how it is called."""

    version: str
    executable: str


def interpreters(commands: Sequence[str] = COMMANDS) -> Iterator[Found | str]:
    """The running one first; of the others each that answers, or else the command that does not."""
    own = _answer(sys.executable)
    yield Found(own, sys.executable)
    for command in commands:
        version = command.removeprefix("python")
        if version != own:
            path = shutil.which(command)
            yield Found(version, path) if path and _answer(path) == version else command


def _answer(executable: str) -> str:
    """Which Python this is, without the GIL `3.13t`; empty if it does not start."""
    try:
        asked = subprocess.run([executable, "-c", _ASK], capture_output=True, text=True, timeout=PATIENCE)
        return asked.stdout.strip() if asked.returncode == 0 else ""
    except (OSError, subprocess.TimeoutExpired):
        return ""


def run(options: Namespace) -> int:
    if options.jsonl or options.junitxml:
        raise UsageError("--everywhere makes one table (or one document, with --json), no --jsonl and no --junitxml")
    words = [word for word in options.arguments if word not in ("--everywhere", "--json")]
    progress = Progress(options.progress)
    found, missing = [], []
    for interpreter in interpreters():
        if isinstance(interpreter, Found):
            found.append(interpreter)
        else:
            missing.append(interpreter)
            progress.done(f"{interpreter} is not here: skipped")
    began = time.monotonic()
    jobs = [campaign.Job(each, functools.partial(_reproduce, each.executable, words)) for each in found]
    documents = []
    # One after the other: what shares the cores with another interpreter's threads measures that, too.
    for job, result in campaign.run(jobs, 1, lambda job: progress.show(f"{job.key.version}: all scenarios")):
        if isinstance(result, campaign.Raised):
            raise result.error
        if isinstance(result, campaign.Lost):
            raise HarnessFault(f"{job.key.executable}: {result.reason}")
        progress.done(
            f"{job.key.version}: {count(len(result['scenarios']), 'scenario')} in {seconds(result['seconds'])}"
        )
        documents.append(result)
    progress.clear()
    document = {"interpreters": documents, "missing": missing, "seconds": round(time.monotonic() - began, 3)}
    say(dumps(document) if options.json else markdown(documents, missing))
    return gravest(scenario["exit_code"] for document in documents for scenario in document["scenarios"])


def _reproduce(executable: str, words: Sequence[str]) -> dict[str, Any]:
    """The document of `reproduce --json` under that interpreter."""
    command = [executable, "-m", "harness", *words, "--json"]
    answer = subprocess.run(command, capture_output=True, text=True)
    if not answer.stdout:
        lines = answer.stderr.strip().splitlines() or ["it said nothing"]
        error = UsageError if answer.returncode == 2 else HarnessFault
        raise error(f"{executable}: {lines[-1].removeprefix('harness: ')}")
    document: dict[str, Any] = json.loads(answer.stdout)
    return document
