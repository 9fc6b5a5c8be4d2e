"""The laws of the corpus, for every scenario directory; and that a skeleton breaks them with helpful words."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from argparse import Namespace
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from harness import corpus, laws
from harness.budget import Budget
from harness.commands import new
from harness.commands.options import UsageError
from harness.corpus import Scenario
from harness.explore import Options, explore
from harness.laws import Law
from harness.outcome import Outcome
from harness.world.program import TargetError

SCENARIOS = [corpus.load(directory) for directory in corpus.directories()]

every_scenario = pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
every_law = pytest.mark.parametrize("law", laws.STATIC + laws.DYNAMIC, ids=laws.title)
TOOLS = {"Lock", "RLock", "Semaphore", "BoundedSemaphore", "Condition", "Event", "Barrier", "Timer"}
TOOLS |= {"Queue", "PriorityQueue", "ThreadPoolExecutor", "local"}
"""What threads share in a beginner's course; the corpus is to show the dangers of each."""


def complaints(law: Law, scenario: Scenario, *effort: laws.Effort) -> list[str]:
    return [words for words in law(scenario, *effort) if not isinstance(words, laws.Remark)]


def test_there_are_scenarios_of_every_class() -> None:
    found = Counter(scenario.bug_class for scenario in SCENARIOS)
    assert found == {"race_condition": 8, "deadlock": 8, "starvation": 6, "livelock": 6}


def test_between_them_they_use_every_tool() -> None:
    assert {tool for scenario in SCENARIOS for tool in scenario.tools} == TOOLS


@every_scenario
def test_a_scenario_uses_the_tools_that_it_names(scenario: Scenario) -> None:
    texts = [scenario.program(variant).source for variant in laws.variants(scenario)] + [scenario.explanation]
    assert set(scenario.tools) <= {word for text in texts for word in re.findall(r"\w+", text)}


@every_scenario
def test_every_scenario_has_a_wrong_fix(scenario: Scenario) -> None:
    assert scenario.wrong_fixes


@every_law
@every_scenario
def test_every_scenario_keeps_every_law(scenario: Scenario, law: Law) -> None:
    assert complaints(law, scenario) == []


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("law", [laws.has_one_bug, laws.has_a_fix_that_survives], ids=laws.title)
@every_scenario
def test_every_scenario_keeps_the_laws_of_degree_when_put_to_the_test_thoroughly(scenario: Scenario, law: Law) -> None:
    assert complaints(law, scenario, laws.THOROUGH) == []


def test_most_fixes_are_proved_by_trying_every_interleaving_of_which_there_are_few() -> None:
    few = Options(budget=Budget(executions=120))
    proved = [scenario.name for scenario in SCENARIOS if explore(scenario.program("fixed"), few).exhausted]
    assert len(proved) >= 16, proved


def test_turns_that_threads_took_in_the_fair_tail_are_no_branch_of_a_search() -> None:
    """They are nobody's choice: a search that asks for another order there asks in vain."""
    program = corpus.resolve("livelock/upgrade_retry").program
    found = explore(program, Options(strategy="exhaustive", budget=Budget(executions=12), keep_going=True))
    assert (found.outcome, found.executions) == (Outcome.LIVELOCK, 12), found.message


def harness(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "harness", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=corpus.ROOT.parent)


@pytest.fixture
def skeleton(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Scenario:
    """What `new` writes, in a directory of the test's own."""
    directory = tmp_path / "deadlock" / "grab_bag"
    new._write(directory, "deadlock/grab_bag", "deadlock")
    monkeypatch.setattr(corpus, "ROOT", tmp_path)
    return corpus.load(directory)


def test_a_skeleton_can_be_read_and_says_in_each_file_what_is_to_be_filled_in(skeleton: Scenario) -> None:
    complaints = list(laws.is_filled_in(skeleton))
    assert {complaint.partition(":")[0] for complaint in complaints} == {
        "README.md", "broken.py", "fixed.py", "oracle.py", "scenario.toml",
    }  # fmt: skip
    assert list(laws.differs_by_its_lesson(skeleton)) == ["fixed.py is broken.py: nothing was fixed"]
    (words,) = laws.has_a_witness_that_replays(skeleton)
    command = "python -m harness check --witness deadlock/grab_bag"
    assert words == f"scenario.toml has no witness: `{command}` finds one and writes it down"
    assert list(laws.reaches_its_bug(skeleton)) == ["broken.py is to end in deadlock, the search found: passed"]


TWO_BUGS = """
import threading

def main():
    lock, done = threading.Lock(), []
    def use():
        assert not done, "used twice"
        lock.acquire()
        done.append(1)
    threads = [threading.Thread(target=use, name=name) for name in ("ann", "ben")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
"""


@pytest.mark.parametrize(
    ("law", "file", "text", "says"),
    [
        (laws.holds_what_belongs_there, "notes.txt", "x", "notes.txt does not belong in a scenario"),
        (laws.holds_what_belongs_there, "wrong_fixes/a.py", "x", "a wrong fix needs its table in scenario.toml"),
        (laws.has_short_plain_programs, "broken.py", "import numpy\n", "broken.py imports numpy"),
        (laws.has_short_plain_programs, "broken.py", "\n" * 61, "broken.py has 63 lines"),
        (laws.has_short_plain_programs, "fixed.py", "\nThread()\n", "fixed.py:2: give the thread a name"),
        (laws.has_short_plain_programs, "fixed.py", "t = Timer(1, f)\n", "fixed.py:1: give the thread a name"),
        (laws.leaves_nothing_to_chance, "broken.py", "import random\n", "broken.py:1: the module random is chance"),
        (laws.leaves_nothing_to_chance, "broken.py", "\ntime.time()\n", "broken.py:2: time.time() is chance"),
        (
            laws.has_one_bug,
            "broken.py",
            TWO_BUGS,
            "and in nothing else, but 2 of 4 executions (exhaustive) ended in violated",
        ),
        (laws.differs_by_its_lesson, "fixed.py", "x = 1\n" * 50, "at most 24: the difference is the lesson"),
        (laws.has_a_fix_that_runs_plainly, "fixed.py", "1 / 0\n", "ended with exit code 1"),
    ],
)
def test_a_broken_law_says_what_is_wrong(skeleton: Scenario, law: Law, file: str, text: str, says: str) -> None:
    path = skeleton.directory / file
    path.parent.mkdir(exist_ok=True)
    path.write_text(text if "main" in text else text + "\ndef main(): ...\n", encoding="utf-8")
    assert any(says in complaint for complaint in law(skeleton)), list(law(skeleton))


def test_a_program_that_is_not_python_is_one_line(skeleton: Scenario) -> None:
    (skeleton.directory / "broken.py").write_text("def main(:\n")
    with pytest.raises(TargetError, match=r"broken\.py:1: syntax error"):
        list(laws.has_short_plain_programs(skeleton))


def test_a_source_without_an_address_is_no_source(skeleton: Scenario) -> None:
    assert list(laws.names_its_sources(replace(skeleton, provenance=("classic", "gh-1, https://x.org/1")))) == []
    assert list(laws.names_its_sources(replace(skeleton, provenance=("gh-1",)))) == [
        "provenance 'gh-1' is neither \"classic\" nor does it end in the address (https://…) of a report"
    ]


def test_a_scenario_is_on_the_map_and_in_the_list_for_teachers(skeleton: Scenario) -> None:
    page = skeleton.directory.parent.parent / "README.md"
    page.write_text("nothing")
    assert [words.partition(":")[0] for words in laws.is_on_the_map(skeleton)] == [
        "scenarios/README.md does not show it",
        "scenarios/README.md says nothing of it to teachers",
    ]
    page.write_text("| deadlock | [`grab_bag`](deadlock/grab_bag/) |\n- **`grab_bag`** (15) Look in.\n")
    assert list(laws.is_on_the_map(skeleton)) == []


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "lost_update",
            "'lost_update': write CLASS/NAME, where CLASS is one of race_condition, deadlock, st",
        ),
        ("deadlok/x", "; did you mean deadlock?"),
        ("deadlock/Bad-Name", "'deadlock/Bad-Name': a name is lower case with underscores, as in lost_update"),
        ("deadlock/lock_order_inversion", "is there already: scenarios/deadlock/lock_order_inversion"),
        (
            "deadlock/lost_update",
            "race_condition/lost_update has that name already",
        ),
    ],
)
def test_new_refuses_names_that_cannot_be(name: str, says: str) -> None:
    done = harness("new", name)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert says in done.stderr


def test_new_says_where_it_cannot_write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "deadlock").write_text("a file where the class's directory should be")
    monkeypatch.setattr(corpus, "ROOT", tmp_path)
    with pytest.raises(UsageError, match="^cannot write .*/deadlock/two_keys: Not a directory$"):
        new.run(Namespace(name="deadlock/two_keys"))


def test_check_shows_every_law_by_name() -> None:
    done = harness("check", "race_condition/lost_update")
    assert done.returncode == 0, done.stdout + done.stderr
    assert [line.split("holds", 1)[1].strip() for line in done.stdout.splitlines() if line.startswith("  holds")] == [
        laws.title(law) for law in laws.STATIC + laws.DYNAMIC
    ]
    assert "every interleaving was tried: 2 executions" in done.stdout
    assert done.stdout.splitlines()[-1] == "every law holds"


def test_check_writes_a_witness_down(tmp_path: Path) -> None:
    directory = tmp_path / "race_condition" / "mine"
    shutil.copytree(corpus.ROOT / "race_condition" / "lost_update", directory)
    facts = directory / "scenario.toml"
    written = facts.read_text()
    facts.write_text(re.sub(r'(?m)^witness = ".*"$', "witness = ''", written))
    harness("check", "--witness", str(directory))
    assert facts.read_text() == written
