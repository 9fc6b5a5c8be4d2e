"""Files that a command writes beside what it prints: JSON lines and a JUnit report."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.commands.options import UsageError
from harness.report.documents import dumps
from harness.report.junit import Case, write


class Outputs:
    """Opened before the work begins, so that a path that cannot be written is told at once."""

    def __init__(self, options: Namespace) -> None:
        self._lines = _writable(options.jsonl, "--jsonl")
        self._report = _writable(options.junitxml, "--junitxml")

    def record(self, document: Mapping[str, Any]) -> None:
        """Append one result to the JSON lines."""
        if self._lines is not None:
            with self._lines.open("a", encoding="utf-8") as stream:
                stream.write(dumps(document, indent=None) + "\n")

    def junit(self, suite: str, cases: Sequence[Case], properties: dict[str, object]) -> None:
        if self._report is not None:
            write(self._report, suite, cases, properties)


def _writable(name: str | None, option: str) -> Path | None:
    if name is None:
        return None
    try:
        with open(name, "a", encoding="utf-8"):
            return Path(name)
    except OSError as error:
        raise UsageError(f"{option} {name}: cannot be written: {error.strerror}") from None
