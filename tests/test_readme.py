"""The README is true: its `console` blocks are run and print what they say, and its test command is CI's.

In a `console` block, `$ ` begins a command and `> ` continues its input; the other lines are its output, in which
`…` stands for anything, and a line of it alone for any number of lines.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.together

ROOT = Path(__file__).resolve().parent.parent
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, flags=re.MULTILINE | re.DOTALL)


def examples() -> list[tuple[str, str, str]]:
    """(command, its input, its output) of every example, in order."""
    found = []
    for block in blocks("console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, *lines = part.splitlines()
            typed = [line[2:] for line in lines if line[:1] == ">"]
            shown = [line for line in lines if line[:1] != ">"]
            found.append((command, "".join(f"{line}\n" for line in typed), "".join(f"{line}\n" for line in shown)))
    return found


def pattern(shown: str) -> str:
    lines = ["(?:.*\n)*" if line == "…" else re.escape(line).replace("…", ".*") + "\n" for line in shown.splitlines()]
    return "".join(lines)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the README calls /tmp."""
    return tmp_path_factory.mktemp("readme")


@pytest.mark.parametrize(("command", "typed", "shown"), examples(), ids=[command[:50] for command, _, _ in examples()])
def test_an_example_prints_what_the_readme_shows(place: Path, command: str, typed: str, shown: str) -> None:
    here = command.replace("/tmp", str(place)).replace("python3", sys.executable)
    answer = subprocess.run(
        ["bash", "-c", here],
        input=typed.replace("/tmp", str(place)),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    assert re.fullmatch(pattern(shown.replace("/tmp", str(place))), answer.stdout), answer.stdout


def test_an_example_that_is_not_true_would_be_seen() -> None:
    assert re.fullmatch(pattern("a … c\n…\nz\n"), "a b c\nx\ny\nz\n")
    assert not re.fullmatch(pattern("a … c\n…\nz\n"), "a b d\nz\n")


def test_the_table_has_a_row_for_every_scenario_and_the_command_that_makes_it_is_a_task() -> None:
    rows = [line.split("|")[1].strip() for line in TEXT.splitlines() if line.count(" · ") > 2]
    scenarios = sorted(path.parent.name for path in (ROOT / "scenarios").glob("*/*/scenario.toml"))
    assert sorted(row for row in rows if "**" not in row) == scenarios
    assert "nox -s reproduce_everywhere" in TEXT
    assert "def reproduce_everywhere(" in (ROOT / "noxfile.py").read_text(encoding="utf-8")


def test_ci_runs_the_test_command_of_the_readme() -> None:
    (command,) = [block.strip() for block in blocks("sh") if "-s tests" in block]
    assert command in (ROOT / ".ci" / "run").read_text(encoding="utf-8")


def test_the_readme_names_only_files_that_are_there() -> None:
    names = re.findall(r"`((?:harness|scenarios|tests|LICENSE)[\w/.]*)`", TEXT)
    assert [name for name in names if not (ROOT / name).exists()] == []
