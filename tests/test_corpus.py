"""Scenario directories: what a name means, and what the author of a bad `scenario.toml` is told."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from harness import corpus
from harness.outcome import Outcome
from harness.world.program import TargetError

FACTS = """
title = "two tills, one purse"
subclass = "atomicity violation"
level = 1
tools = ["Lock"]
threads = 2
expect = "violated"
witness = ""
hints = ["one", "two", "three"]
explanation = "because"
provenance = ["classic"]
"""
PROGRAM = "def main():\n    return 1\n"
NAMES = ("race_condition/purse", "deadlock/purse_strings", "deadlock/lock_order", "livelock/polite")


def write_scenario(root: Path, name: str, facts: str = FACTS) -> Path:
    directory = root / name
    (directory / "wrong_fixes").mkdir(parents=True)
    (directory / "scenario.toml").write_text(facts)
    for program in ("broken.py", "fixed.py", "wrong_fixes/sleep_longer.py"):
        (directory / program).write_text(PROGRAM)
    return directory


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in NAMES:
        write_scenario(tmp_path, name)
    monkeypatch.setattr(corpus, "ROOT", tmp_path)
    return tmp_path


def names(*patterns: str) -> list[str]:
    return [scenario.name for scenario in corpus.select(patterns)]


def complaint(call: object, *arguments: object) -> str:
    with pytest.raises(TargetError) as caught:
        call(*arguments)  # type: ignore[operator]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_no_pattern_means_every_scenario_class_by_class(root: Path) -> None:
    assert names() == ["race_condition/purse", "deadlock/lock_order", "deadlock/purse_strings", "livelock/polite"]


@pytest.mark.parametrize(
    ("pattern", "meant"),
    [
        ("race_condition/purse", ["race_condition/purse"]),
        ("purse", ["race_condition/purse"]),  # a whole name comes before a part of one
        ("order", ["deadlock/lock_order"]),
        ("dead/order", ["deadlock/lock_order"]),
        ("deadlock", ["deadlock/lock_order", "deadlock/purse_strings"]),
        ("deadlock/", ["deadlock/lock_order", "deadlock/purse_strings"]),
        ("*/purse*", ["race_condition/purse", "deadlock/purse_strings"]),
        ("p*", ["deadlock/purse_strings", "livelock/polite", "race_condition/purse"]),
    ],
)
def test_a_pattern_names_scenarios(root: Path, pattern: str, meant: list[str]) -> None:
    assert sorted(names(pattern)) == sorted(meant)


def test_two_patterns_name_each_scenario_once(root: Path) -> None:
    assert names("polite", "deadlock", "livelock/*") == [
        "deadlock/lock_order",
        "deadlock/purse_strings",
        "livelock/polite",
    ]


def test_an_unknown_name_is_answered_with_close_ones(root: Path) -> None:
    assert complaint(corpus.resolve, "lock_odrer") == "no scenario 'lock_odrer'; did you mean deadlock/lock_order?"
    assert complaint(corpus.resolve, "xyzzy") == "no scenario 'xyzzy' (see `python -m harness list`)"


def test_a_part_of_several_names_is_answered_with_all_of_them(root: Path) -> None:
    assert complaint(corpus.select, ["lock_or", "lo"]) == (
        "'lo' is part of 3 scenarios' names: deadlock/lock_order, deadlock/purse_strings, livelock/polite"
    )
    assert complaint(corpus.resolve, "*/purse*") == (
        "'*/purse*' matches 2 scenarios, one is needed: race_condition/purse, deadlock/purse_strings"
    )


def test_a_target_without_a_variant_is_the_broken_program(root: Path) -> None:
    target = corpus.resolve("order")
    assert (target.program.name, target.program.path) == (
        "deadlock/lock_order:broken",
        root / "deadlock/lock_order/broken.py",
    )
    assert corpus.resolve("order:fixed").program.path == root / "deadlock/lock_order/fixed.py"
    assert not target.supposed_to_hold
    assert corpus.resolve("order:fixed").supposed_to_hold


def test_an_unknown_variant_is_answered_with_those_there_are(root: Path) -> None:
    assert complaint(corpus.resolve, "order:mended") == (
        "deadlock/lock_order has no variant 'mended' (there are: broken, fixed, attempt)"
    )
    assert complaint(corpus.resolve, "order:attempt").startswith("deadlock/lock_order has no attempt yet: ")


def test_a_scenarios_own_file_brings_its_oracle_and_its_settings(root: Path) -> None:
    directory = root / "deadlock/lock_order"
    (directory / "oracle.py").write_text("def check(result):\n    pass\n")
    (directory / "scenario.toml").write_text(FACTS + 'bypass_bound = 3\nignore_state = ["attempts"]\n')
    target = corpus.resolve(str(directory / "fixed.py"))
    assert target.variant == "fixed"
    assert target.program.oracle == directory / "oracle.py"
    assert target.program.settings == {"bypass_bound": 3, "ignore_state": ("attempts",)}


def test_a_scenario_directory_may_lie_anywhere(tmp_path: Path) -> None:
    directory = write_scenario(tmp_path, "race_condition/mine")
    assert corpus.resolve(f"{directory}:fixed").program.name == "race_condition/mine:fixed"
    assert [scenario.name for scenario in corpus.select([str(directory)])] == ["race_condition/mine"]


def test_any_file_with_a_main_is_a_target(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    target = corpus.resolve(str(path))
    assert (target.program.path, target.scenario, target.supposed_to_hold) == (path, None, False)


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("nothing.py", "nothing.py: no such file"),
        ("mine.py:fixed", "mine.py:fixed: only a scenario has a :fixed, a file is named without"),
        ("notes.txt", "'notes.txt' is neither a scenario nor a .py file"),
    ],
)
def test_a_file_that_is_no_target_is_told_in_one_line(
    root: Path, monkeypatch: pytest.MonkeyPatch, target: str, words: str
) -> None:
    monkeypatch.chdir(root)
    Path("notes.txt").write_text("")
    assert complaint(corpus.resolve, target) == words


def edited(old: str, new: str) -> str:
    assert old in FACTS
    return FACTS.replace(old, new)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (edited("level = 1", "level = 4"), "level: 4 is not 1, 2 or 3"),
        (edited("level = 1", "level = true"), "level: True is not 1, 2 or 3"),
        (edited('"violated"', '"violate"'), "expect: 'violate' is not one of violated, crashed, deadlock, livelock, "
         "starvation"),
        (edited('["one", "two", "three"]', '["one"]'), "hints: ['one'] is not a list of three texts"),
        (edited('title = "two tills, one purse"', ""), "title: missing, it is to be a text"),
        (edited("threads", "treads"), "treads: unknown key, did you mean threads?"),
        (FACTS + "[wrong_fixes.unwritten]\nexpect='crashed'\ntempts='t'\nfails='f'\n", "wrong_fixes.unwritten: there "
         "is no {dir}/wrong_fixes/unwritten.py"),
        (FACTS + "[wrong_fixes.sleep_longer]\nexpect='crashed'\ntempts='t'\n", "wrong_fixes.sleep_longer.fails: "
         "missing, it is to be a text"),
        (FACTS + "title = 3\n#\n", "Cannot overwrite a value (at line 12, column 10)"),
    ],
)  # fmt: skip
def test_a_bad_scenario_toml_is_told_in_one_line_with_file_and_key(tmp_path: Path, facts: str, words: str) -> None:
    directory = write_scenario(tmp_path, "deadlock/mine", facts)
    assert complaint(corpus.load, directory) == f"{directory}/scenario.toml: {words.format(dir=directory)}"


def test_a_wrong_fix_carries_the_outcome_that_kills_it(tmp_path: Path) -> None:
    wrong = "[wrong_fixes.sleep_longer]\nexpect='livelock'\ntempts='t'\nfails='f'\n"
    scenario = corpus.load(write_scenario(tmp_path, "livelock/mine", FACTS + wrong))
    assert [(w.name, w.path.name, w.expect) for w in scenario.wrong_fixes] == [
        ("sleep_longer", "sleep_longer.py", Outcome.LIVELOCK)
    ]
    assert scenario.program("sleep_longer").name == "livelock/mine:sleep_longer"


def test_loading_the_corpus_runs_none_of_it(root: Path) -> None:
    (root / "livelock/polite/broken.py").write_text("raise SystemExit('was run')\ndef main(): pass\n")
    assert corpus.resolve("polite").program.source.startswith("raise")


def test_the_shipped_corpus_is_found_from_any_directory(tmp_path: Path) -> None:
    code = "from harness import corpus; print(len(corpus.directories()) > 0)"
    repository = Path(corpus.__file__).parent.parent
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": str(repository)}, capture_output=True, text=True
    )
    assert answer.stdout == "True\n", answer.stderr
