"""The command line as a user and a CI job meet it: real commands, real child processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60.0

RACY = """
import threading

counter = 0

def add():
    global counter
    counter += 1

def main():
    threads = [threading.Thread(target=add, name=name) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert counter == 2, f"counter is {counter}"
    return counter
"""
LOCKED = RACY.replace("counter = 0", "counter = 0\nlock = threading.Lock()").replace(
    "    counter += 1", "    with lock:\n        counter += 1"
)
ENDLESS = """
import threading

def work():
    for number in range(10):
        total.append(number)

total = []

def main():
    threads = [threading.Thread(target=work, name=f"worker {n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(total)
"""
FACTS = """
title = "ann and bob count to two"
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


def lab(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def document(answer: subprocess.CompletedProcess[str]) -> Any:
    """The one JSON document on standard output."""
    assert "Traceback" not in answer.stderr, answer.stderr
    return json.loads(answer.stdout)


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    for name, text in {"racy": RACY, "locked": LOCKED, "endless": ENDLESS}.items():
        (tmp_path / f"{name}.py").write_text(textwrap.dedent(text))
    return tmp_path


def make_scenario(directory: Path, broken: str, fixed: str) -> str:
    directory.mkdir(parents=True)
    (directory / "scenario.toml").write_text(FACTS)
    (directory / "broken.py").write_text(broken)
    (directory / "fixed.py").write_text(fixed)
    return str(directory)


# Searching and replaying.


def test_explore_finds_the_race_says_how_to_replay_it_and_exits_1(programs: Path) -> None:
    answer = lab("explore", "racy.py", cwd=programs)
    assert (answer.returncode, answer.stderr) == (1, "")
    lines = answer.stdout.splitlines()
    assert lines[0].startswith("racy.py  VIOLATED in the ")
    assert "seed 0" in lines[1]
    assert lines[-1].startswith("  replay   python -m harness replay racy.py ")
    again = lab(*lines[-1].split()[4:], cwd=programs)
    assert again.returncode == 0
    assert again.stdout.splitlines()[-1].startswith("VIOLATED  ")


def test_explore_json_has_every_promised_field_and_nothing_else_on_stdout(programs: Path) -> None:
    answer = lab("explore", "racy.py", "--json", "--seed", "7", cwd=programs)
    found = document(answer)
    promised = "target program_digest python strategy seed executions failures first_failure outcome message results"
    promised += " witness minimal_witness preemptions critical_pair exhausted steps max_bypass races seconds"
    promised += " executions_per_second"
    assert set(promised.split()) <= set(found)
    assert (found["target"], found["outcome"], found["seed"], found["failures"]) == ("racy.py", "violated", 7, 1)
    assert found["first_failure"] == found["executions"]
    assert answer.returncode == 1


def test_explore_says_of_a_correct_program_that_every_interleaving_was_tried_and_exits_0(programs: Path) -> None:
    answer = lab("explore", "locked.py", cwd=programs)
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[0].endswith("failed; every interleaving tried")
    found = document(lab("explore", "locked.py", "--json", cwd=programs))
    assert (found["outcome"], found["exhausted"], found["first_failure"]) == ("passed", True, None)
    assert found["results"] == {"2": found["executions"]}


def test_a_spent_budget_is_not_called_a_proof(programs: Path) -> None:
    answer = lab("explore", "endless.py", "--budget", "20x", "--strategy", "random", cwd=programs)
    assert answer.returncode == 0
    assert answer.stdout.splitlines()[0] == "endless.py  0 of 20 failed; budget spent: no failure found"
    found = document(lab("explore", "endless.py", "--budget", "20x", "--strategy", "random", "--json", cwd=programs))
    assert (found["claim"], found["exhausted"], found["executions"]) == ("budget spent", False, 20)


def test_replay_json_lists_the_steps(programs: Path) -> None:
    witness = document(lab("explore", "racy.py", "--json", cwd=programs))["witness"]
    found = document(lab("replay", "racy.py", witness, "--json", cwd=programs))
    assert (found["outcome"], found["diverged"], found["message"]) == ("violated", None, "counter is 1") or found
    steps = found["trace"]
    assert [step["step"] for step in steps] == sorted(step["step"] for step in steps)
    promised = {"step", "thread", "operation", "object", "value", "file", "line", "waits_on", "preempted"}
    assert all(promised <= set(step) for step in steps)
    assert {"ann", "bob"} <= {step["thread"] for step in steps}


def test_a_witness_that_no_longer_fits_exits_4_and_says_where(programs: Path) -> None:
    witness = document(lab("explore", "racy.py", "--json", cwd=programs))["witness"]
    (programs / "racy.py").write_text(RACY.replace('"bob"', '"eve"'))
    answer = lab("replay", "racy.py", witness, cwd=programs)
    assert answer.returncode == 4
    assert "DIVERGED" in answer.stdout
    assert document(lab("replay", "racy.py", witness, "--json", cwd=programs))["diverged"]


def test_stress_counts_free_runs(programs: Path) -> None:
    answer = lab("stress", "locked.py", "--budget", "20x", "--json", cwd=programs)
    found = document(answer)
    promised = ["runs", "failed", "hung", "rate", "low", "high", "outcomes", "seconds", "runs_per_second"]
    assert set(promised) <= set(found)
    assert (found["runs"], found["failed"], found["outcomes"], answer.returncode) == (20, 0, {"2": 20}, 0)
    shown = lab("stress", "locked.py", "--budget", "20x", cwd=programs)
    assert shown.stdout.splitlines()[0] == "locked.py  0/20 failed: true rate below 14% (95%)"


# The main job.


def test_reproduce_calls_a_reproduced_bug_with_a_fix_that_holds_by_its_verdict(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path / "race_condition" / "count", RACY, LOCKED)
    files = ("--jsonl", str(tmp_path / "out.jsonl"), "--junitxml", str(tmp_path / "out.xml"))
    answer = lab("reproduce", scenario, "--budget", "30x", *files)
    assert answer.returncode == 0, answer.stdout
    lines = answer.stdout.splitlines()
    assert "  VERDICT REPRODUCED, FIX HOLDS" in lines
    assert [line.split()[:1] for line in lines if line.startswith("  ")][0] == ["broken"]
    assert "race_condition/count: REPRODUCED, FIX HOLDS" in answer.stderr
    assert max(len(line) for line in lines if not line.startswith("  replay")) <= 80
    replay = next(line for line in lines if line.startswith("  replay"))
    assert replay.startswith("  replay  python -m harness replay ")
    assert json.loads((tmp_path / "out.jsonl").read_text())["verdict"] == "REPRODUCED, FIX HOLDS"
    suite = ElementTree.parse(tmp_path / "out.xml").getroot().find("testsuite")
    assert suite is not None
    assert (suite.get("tests"), suite.get("failures")) == ("1", "0")


def test_reproduce_json_holds_every_part(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path / "race_condition" / "count", RACY, LOCKED)
    found = document(lab("reproduce", scenario, "--budget", "200x", "--json"))
    assert {"scenarios", "reproduced", "held", "failed", "seconds"} <= set(found)
    assert (found["reproduced"], found["held"], found["failed"]) == (1, 1, 0)
    (one,) = found["scenarios"]
    assert (set(one["broken"]), set(one["fixed"])) == ({"native", "stress", "explore"}, {"stress", "explore"})
    assert one["broken"]["explore"]["outcome"] == "violated"
    assert one["fixed"]["explore"]["exhausted"] is True


def test_a_fix_that_falls_exits_1_and_shows_how(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path / "race_condition" / "count", RACY, RACY + "\n# fixed?\n")
    answer = lab("reproduce", scenario, "--budget", "300x")
    assert answer.returncode == 1
    assert "  VERDICT REPRODUCED, FIX DOES NOT HOLD" in answer.stdout.splitlines()
    replay = next(line for line in answer.stdout.splitlines() if line.startswith("  replay"))
    assert ":fixed " in replay


def test_a_bug_that_does_not_appear_exits_3(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path / "race_condition" / "count", LOCKED, LOCKED)
    answer = lab("reproduce", scenario, "--budget", "100x", "--junitxml", str(tmp_path / "out.xml"))
    assert answer.returncode == 3
    assert "  VERDICT NOT REPRODUCED" in answer.stdout.splitlines()
    assert answer.stdout.count("the fix holds") == 1  # what is not reproduced neither holds nor hides
    assert "hid" not in answer.stdout
    assert ElementTree.parse(tmp_path / "out.xml").getroot()[0].get("failures") == "1"


def test_a_bug_of_another_kind_than_promised_is_not_the_bug(tmp_path: Path) -> None:
    scenario = make_scenario(
        tmp_path / "race_condition" / "count", RACY.replace("assert counter == 2,", "1 / (counter - 1) or"), LOCKED
    )
    answer = lab("reproduce", scenario, "--budget", "300x")
    assert answer.returncode == 3
    assert "expected was violated" in " ".join(answer.stdout.split())


# Mistakes.


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "the following arguments are required: COMMAND"),
        ("explor", "no command 'explor'; did you mean explore?"),
        ("explore", "the following arguments are required: TARGET"),
        ("explore nothing.py", "nothing.py: no such file"),
        ("explore broken_syntax.py", "broken_syntax.py:2: syntax error: "),
        ("explore misplaced.py", "misplaced.py:2: syntax error: 'return' outside function"),
        ("stress misplaced.py", "misplaced.py:2: syntax error: 'return' outside function"),
        ("explore imports_it.py", "misplaced.py:2: syntax error: 'return' outside function"),
        ("stress imports_it.py --budget 5x", "'return' outside function (misplaced.py, line 2)"),
        ("stress imports_broken.py --budget 5x", "cannot be loaded: SyntaxError: '(' was never closed"),
        ("check misplaced.py", "a scenario is needed here, not a file: misplaced.py"),
        ("explore package/part.py", "put a file beside package/ that says `from package.part import main`"),
        ("stress package/part.py --budget 5x", "put a file beside package/ that says `from package.part import main`"),
        ("explore no_main.py", "no_main.py: no main()"),
        ("explore bad_import.py", "No module named 'nowhere_to_be_found'"),
        ("explore lost_updaet", "no scenario 'lost_updaet'; did you mean race_condition/lost_update"),
        ("explore lost_update:mended", "race_condition/lost_update has no variant 'mended'"),
        ("explore racy.py --budget soon", "--budget: budget 'soon' is not understood"),
        ("explore racy.py --strategy rendom", "--strategy: no strategy 'rendom'; did you mean random?"),
        ("explore racy.py --seed -1", "--seed: '-1' is not a number, 0 or more"),
        ("explore racy.py --timeout 0", "--timeout: '0' is not a number above 0"),
        ("explore racy.py --preemption 1", "no option '--preemption' here; did you mean --preemptions?"),
        ("explore racy.py locked.py", "'locked.py' is one argument too many"),
        ("explore racy.py --color sometimes", "--color: invalid choice: 'sometimes'"),
        ("explore racy.py --junitxml nowhere/out.xml", "--junitxml nowhere/out.xml: cannot be written: No such file"),
        ("replay racy.py gibberish", "witness"),
        ("reproduce lost_update:fixed", "a scenario is needed here, not one of its programs: lost_update"),
        ("reproduce --shard 3/2", "--shard: '3/2' is not a shard: write I/N with 1 <= I <= N"),
        ("list --shard 99/100", "--shard 99/100: nothing is left for it"),
        ("stress no_main.py", "no_main.py: no main()"),
        ("explore awaited.py", "awaited.py: main() is async: a target's main() is called, not awaited"),
        ("stress racy.py --until soon", "--until: until 'soon' is not understood: write 20-failures"),
        ("stress bad_import.py --budget 5x", "No module named 'nowhere_to_be_found'"),
    ],
)
def test_a_mistake_gets_one_line_on_stderr_and_exit_2(programs: Path, arguments: str, words: str) -> None:
    (programs / "broken_syntax.py").write_text("def main():\n    return (\n")
    (programs / "misplaced.py").write_text("def main(): pass\nreturn\n")
    (programs / "imports_it.py").write_text("import misplaced\ndef main(): pass\n")
    (programs / "imports_broken.py").write_text("import broken_syntax\ndef main(): pass\n")
    (programs / "package").mkdir(exist_ok=True)
    (programs / "package" / "part.py").write_text("from . import other\ndef main(): pass\n")
    (programs / "no_main.py").write_text("print('hello')\n")
    (programs / "awaited.py").write_text("async def main(): pass\n")
    (programs / "bad_import.py").write_text("import nowhere_to_be_found\ndef main(): pass\n")
    answer = lab(*arguments.split(), cwd=programs)
    assert (answer.returncode, answer.stdout) == (2, "")
    assert words in answer.stderr
    assert answer.stderr.startswith("harness: ")
    assert answer.stderr.count("\n") == 1


def test_a_broken_scenario_in_the_main_job_is_a_mistake_too(tmp_path: Path) -> None:
    scenario = make_scenario(tmp_path / "race_condition" / "count", "import nowhere_to_be_found\n" + RACY, LOCKED)
    answer = lab("reproduce", scenario, "--budget", "20x", "--progress", "never")
    assert answer.returncode == 2
    assert "No module named 'nowhere_to_be_found'" in answer.stderr
    assert answer.stderr.count("\n") == 1


@pytest.mark.parametrize("command", ["explore", "stress --budget 3x", "stress --native --budget 3x"])
def test_a_program_has_its_path_as_only_argument_and_modules_in_any_encoding(command: str, tmp_path: Path) -> None:
    (tmp_path / "menu.py").write_bytes(b"# coding: latin-1\nDRINK = 'caf\xe9'\n")
    (tmp_path / "shop.py").write_text("import sys, menu\ndef main():\n    return sys.argv, menu.DRINK\n")
    answer = document(lab(*command.split(), "shop.py", "--json", cwd=tmp_path))
    assert list(answer.get("results") or answer["outcomes"]) == [str(([str(tmp_path / "shop.py")], "café"))]


@pytest.mark.parametrize("command", ["explore --keep-going --budget 3x", "stress --budget 3x"])
def test_what_an_exception_says_is_shown_without_addresses(command: str, tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("class Box: pass\ndef main(): raise ValueError(Box())\n")
    answer = lab(*command.split(), "shop.py", cwd=tmp_path)
    assert "ValueError: <shop.Box object>" in answer.stdout
    assert " at 0x" not in answer.stdout


# Lists, terminals and pipes.


def test_list_tells_class_level_tools_and_title_of_each_scenario() -> None:
    found = document(lab("list", "--json"))["scenarios"]
    facts = {scenario["scenario"]: scenario for scenario in found}
    assert facts["race_condition/lost_update"]["expect"] == "violated"
    assert all({"class", "level", "tools", "title"} <= set(scenario) for scenario in found)
    shown = lab("list")
    assert shown.returncode == 0
    assert max(map(len, shown.stdout.splitlines())) <= 80
    assert "lost_update" in shown.stdout


def test_the_shards_together_are_the_corpus_once() -> None:
    def names(*arguments: str) -> list[str]:
        return [scenario["scenario"] for scenario in document(lab("list", "--json", *arguments))["scenarios"]]

    shards = [names("--shard", f"{index}/3") for index in (1, 2, 3)]
    assert sorted(sum(shards, [])) == sorted(names())
    assert max(map(len, shards)) - min(map(len, shards)) <= 1


@pytest.mark.parametrize("command", ["", "list", "reproduce", "explore", "replay", "stress"])
def test_every_command_has_help_in_80_columns(command: str) -> None:
    answer = lab(*command.split(), "--help")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert answer.stdout.startswith("usage: python -m harness")
    assert max(map(len, answer.stdout.splitlines())) <= 80


def test_colour_is_off_in_a_pipe_and_on_when_asked_for() -> None:
    assert "\033[" not in lab("list").stdout
    assert "\033[" in lab("list", "--color", "always").stdout
    assert "\033[" in lab("list", "--color", "always", NO_COLOR="1").stdout


def test_an_ascii_terminal_gets_ascii(programs: Path) -> None:
    (programs / "wrong.py").write_text('def main():\n    assert False, "na\u00efve \u2026"\n', encoding="utf-8")
    answer = lab("stress", "wrong.py", "--budget", "3x", cwd=programs, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert answer.returncode == 1
    assert answer.stdout.isascii()
    assert "3/3 failed: 100% [37-100]" in answer.stdout
    assert "na?ve ..." in answer.stdout


def shell(command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_a_reader_that_goes_away_is_no_error() -> None:
    answer = shell(f"{sys.executable} -m harness list | head -n 1")
    assert (answer.returncode, answer.stderr, answer.stdout.count("\n")) == (0, "", 1)


def test_a_reader_that_goes_away_does_not_change_what_was_found(programs: Path) -> None:
    answer = shell(f"{sys.executable} -m harness explore {programs}/racy.py --json | true; exit ${{PIPESTATUS[0]}}")
    assert (answer.returncode, answer.stderr) == (1, "")


def test_a_module_that_is_no_python_is_the_importing_programs_to_handle(programs: Path) -> None:
    (programs / "no_python.py").write_text("x = (\n")
    (programs / "copes.py").write_text("try:\n    import no_python\nexcept SyntaxError:\n    no_python = 7\n"
                                       "def main(): return no_python\n")  # fmt: skip
    answer = lab("explore", "copes.py", "--json", cwd=programs)
    assert (answer.returncode, document(answer)["results"]) == (0, {"7": 1})


def test_a_closed_stdout_is_no_error() -> None:
    answer = shell(f"{sys.executable} -m harness list >&-")
    assert (answer.returncode, answer.stderr) == (0, "")


# Interruptions: at once, quietly, and nobody is left behind.


def marked(mark: str) -> Iterator[int]:
    """The processes that inherited the mark in their environment."""
    for directory in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (directory / "environ").read_bytes():
                yield int(directory.name)
        except OSError:
            continue


needs_proc = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="processes are found by /proc")


@needs_proc
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 130), (signal.SIGKILL, -9)])
@pytest.mark.parametrize(
    "arguments",
    [
        "explore endless.py --strategy random --budget 50s",
        "stress endless.py --budget 50s",
        "reproduce ./race_condition/count --budget 50s",
    ],
)
def test_an_interrupted_command_ends_at_once_and_leaves_no_process(
    programs: Path, arguments: str, number: signal.Signals, code: int
) -> None:
    make_scenario(programs / "race_condition" / "count", ENDLESS, ENDLESS)
    mark = uuid.uuid4().hex
    child = subprocess.Popen(
        [sys.executable, "-m", "harness", *arguments.split()],
        cwd=programs,
        env={**os.environ, "PYTHONPATH": str(ROOT), "LAB_MARK": mark},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    until = time.monotonic() + 20
    while len(list(marked(mark))) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(0.5)
    began = time.monotonic()
    child.send_signal(number)
    _, complaints = child.communicate(timeout=PATIENCE)
    assert (child.returncode, complaints) == (code, "")
    assert time.monotonic() - began < 3
    while (left := list(marked(mark))) and time.monotonic() - began < 5:
        time.sleep(0.05)
    assert left == []
