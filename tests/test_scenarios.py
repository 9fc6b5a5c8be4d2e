"""The laws of the corpus, for every scenario directory; and that a skeleton breaks them with helpful words."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import corpus, laws
from harness.corpus import Scenario
from harness.laws import Law

SCENARIOS = [corpus.load(directory) for directory in corpus.directories()]

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
every_law = pytest.mark.parametrize("law", laws.STATIC + laws.DYNAMIC, ids=laws.title)


def test_there_is_a_scenario_of_every_class() -> None:
    assert {scenario.bug_class for scenario in SCENARIOS} == set(corpus.CLASSES)


@every_law
@every_scenario
def test_every_scenario_keeps_every_law(scenario: Scenario, law: Law) -> None:
    assert list(law(scenario)) == []


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=corpus.ROOT.parent)


@pytest.fixture
def skeleton(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scenario:
    """What `new` writes, in a directory of the test's own."""
    from harness.commands.new import _write

    directory = tmp_path / "deadlock" / "grab_bag"
    _write(directory, "deadlock/grab_bag", "deadlock")
    monkeypatch.setattr(corpus, "ROOT", tmp_path)
    return corpus.load(directory)


def test_a_skeleton_can_be_read_and_says_in_each_file_what_is_to_be_filled_in(skeleton: Scenario) -> None:
    complaints = list(laws.is_filled_in(skeleton))
    assert {complaint.partition(":")[0] for complaint in complaints} == {
        "README.md", "broken.py", "fixed.py", "oracle.py", "scenario.toml",
    }  # fmt: skip
    assert list(laws.differs_by_its_lesson(skeleton)) == ["fixed.py is broken.py: nothing was fixed"]
    assert list(laws.has_a_witness_that_replays(skeleton)) == [
        "scenario.toml has no witness: `check --witness` finds one and writes it down"
    ]
    assert list(laws.reaches_its_bug(skeleton)) == ["broken.py is to end in deadlock, the search found: passed"]


@pytest.mark.parametrize(
    ("law", "file", "text", "says"),
    [
        (laws.holds_what_belongs_there, "notes.txt", "x", "notes.txt does not belong into a scenario"),
        (laws.holds_what_belongs_there, "wrong_fixes/a.py", "x", "a wrong fix needs its table in scenario.toml"),
        (laws.has_short_plain_programs, "broken.py", "import numpy\n", "broken.py imports numpy"),
        (laws.has_short_plain_programs, "broken.py", "\n" * 61, "broken.py has 61 lines"),
        (
            laws.has_short_plain_programs,
            "fixed.py",
            "import threading\nthreading.Thread()\n",
            "fixed.py:2: give the thr",
        ),
        (laws.differs_by_its_lesson, "fixed.py", "x = 1\n" * 50, "at most 24: the difference is the lesson"),
        (laws.has_a_fix_that_runs_plainly, "fixed.py", "1 / 0\n", "ended with exit code 1"),
    ],
)
def test_a_broken_law_says_what_is_wrong(skeleton: Scenario, law: Law, file: str, text: str, says: str) -> None:
    path = skeleton.directory / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    assert any(says in complaint for complaint in law(skeleton)), list(law(skeleton))


@pytest.mark.parametrize("name", ["lost_update", "nonsense/x", "deadlock/Bad-Name", "deadlock/lock_order_inversion"])
def test_new_refuses_names_that_cannot_be(name: str) -> None:
    done = harness("new", name)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_check_shows_every_law_by_name() -> None:
    done = harness("check", "race_condition/lost_update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split("holds", 1)[1].strip() for line in done.stdout.splitlines()[1:]] == [
        laws.title(law) for law in laws.STATIC + laws.DYNAMIC
    ]
