"""The main job's verdicts: what the parts of a scenario add up to, in words and as an exit code."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from harness.budget import Budget
from harness.campaign import Lost
from harness.children.interpreter import Interpreter
from harness.children.job import End
from harness.corpus import Scenario
from harness.explore import Exploration
from harness.outcome import Outcome
from harness.rates import rate
from harness.report.reproduction import block, summary
from harness.report.text import Style
from harness.reproduce import FIXED_SEARCH, FIXED_STRESS, NATIVE, SEARCH, STRESS, Reproduction, attack, overall
from harness.stress import Bar, StressResult, stress
from harness.world.program import load_program

SCENARIO = Scenario(
    directory=Path("scenarios/deadlock/lock_order_inversion"),
    title="alice and bob pay each other",
    subclass="resource deadlock",
    level=1,
    tools=("Lock",),
    threads=2,
    expect=Outcome.DEADLOCK,
    cause="",
    witness="",
    hints=("", "", ""),
    explanation="",
    provenance=(),
    settings={},
    wrong_fixes=(),
)
FAILED = Exploration(
    target="deadlock/lock_order_inversion:broken",
    program_digest="3fa2b1",
    python="3.11.7",
    strategy="portfolio",
    seed=0,
    executions=3,
    failures=1,
    first_failure=3,
    outcome=Outcome.DEADLOCK,
    message="alice holds A and wants B (broken.py:21); bob holds B and wants A (broken.py:21)",
    results={},
    witness="h1:deadlock:3fa2b1:alice@acquire+B=bob",
    minimal_witness="h1:deadlock:3fa2b1:alice@acquire+B=bob",
    preemptions=1,
    critical_pair=None,
    exhausted=False,
    steps=14,
    max_bypass=0,
    races=[],
    seconds=0.1,
    executions_per_second=30.0,
    claim="failed",
    bound=None,
)
HELD = replace(
    FAILED,
    target="deadlock/lock_order_inversion:fixed",
    executions=2,
    failures=0,
    first_failure=None,
    outcome=Outcome.PASSED,
    message="",
    witness=None,
    minimal_witness=None,
    preemptions=None,
    exhausted=True,
    claim="exhausted",
)
FREE = StressResult(
    target="deadlock/lock_order_inversion:broken",
    program_digest="3fa2b1",
    mode="stress",
    seed=0,
    interpreter=Interpreter("CPython", (3, 11, 7), True, 2),
    runs=100,
    failed=0,
    hung=0,
    interval=rate(0, 100),
    histogram=(Bar("9", 100, End.PASSED),),
    first_failure=None,
    message="",
    output="",
    stacks=(),
    stopped_by="budget",
    time_scale=1.0,
    timeout=10.0,
    parameters={},
    seconds=0.5,
)
HUNG = replace(FREE, failed=37, hung=37, interval=rate(37, 100))
PARTS = {NATIVE: replace(FREE, mode="native"), STRESS: HUNG, SEARCH: FAILED, FIXED_STRESS: FREE, FIXED_SEARCH: HELD}


def judged(**parts: object) -> Reproduction:
    """The result of SCENARIO where the named parts came to something else."""
    names = {"search": SEARCH, "fixed_search": FIXED_SEARCH, "fixed_stress": FIXED_STRESS}
    return Reproduction(SCENARIO, {**PARTS, **{names[name]: value for name, value in parts.items()}}, 1.0)


def test_a_reproduced_bug_with_a_proved_fix_looks_like_this() -> None:
    assert block(judged(), Style()).splitlines() == [
        "deadlock/lock_order_inversion               alice and bob pay each other",
        "  broken  native       0/100 failed      the bug hides: plain runs look fine",
        "          stress      37/100 hung        37% [28–47]",
        "          controlled deadlock, 3rd of 3  1 preemption suffices",
        "  fixed   stress       0/100 failed      true rate below 3% (95%)",
        "          controlled 0/2 failed          every interleaving tried: the fix holds",
        "  why     alice holds A and wants B (broken.py:21); bob holds B and wants A",
        "          (broken.py:21)",
        "  replay  python -m harness replay deadlock/lock_order_inversion:broken "
        "h1:deadlock:3fa2b1:alice@acquire+B=bob",
        "  VERDICT REPRODUCED, FIX HOLDS",
    ]


def controlled(result: Reproduction) -> str:
    """The words on the fixed program's controlled search."""
    lines = block(result, Style()).splitlines()
    first = next(n for n, line in enumerate(lines) if "controlled" in line and n > 4)
    more = [line for line in lines[first + 1 :] if line.startswith(" " * 20)]
    return " ".join(" ".join([lines[first], *more]).split())


LIMITS = {
    "exhausted": (HELD, "controlled 0/2 failed every interleaving tried: the fix holds", "FIX HOLDS", 0),
    "bounded": (
        replace(HELD, exhausted=False, claim="bounded", bound=2),
        "controlled 0/2 failed every interleaving with at most 2 preemptions tried",
        "FIX HOLDS WITHIN 2 PREEMPTIONS",
        0,
    ),
    "budget spent": (
        replace(HELD, exhausted=False, claim="budget spent", executions=4812),
        "controlled 0/4,812 failed budget spent: no failure found",
        "NO FAILURE OF THE FIX FOUND",
        0,
    ),
    "inconclusive": (
        replace(HELD, exhausted=False, claim="inconclusive", outcome=Outcome.INCONCLUSIVE, message="still running"),
        "controlled 0/2 failed inconclusive: still running",
        "FIX INCONCLUSIVE",
        3,
    ),
}


@pytest.mark.parametrize("claim", LIMITS)
def test_how_far_a_search_reached_is_said_in_words_of_its_own(claim: str) -> None:
    found, words, verdict, code = LIMITS[claim]
    result = judged(fixed_search=found)
    assert (controlled(result), result.verdict, result.exit_code) == (words, f"REPRODUCED, {verdict}", code)


def test_the_four_wordings_differ() -> None:
    assert len({words for _, words, _, _ in LIMITS.values()}) == len(LIMITS)


@pytest.mark.parametrize(
    ("parts", "verdict", "code"),
    [
        ({"fixed_search": replace(FAILED, target="x:fixed")}, "REPRODUCED, FIX DOES NOT HOLD", 1),
        ({"fixed_stress": HUNG}, "REPRODUCED, FIX DOES NOT HOLD", 1),
        ({"search": HELD}, "NOT REPRODUCED", 3),
        ({"search": replace(FAILED, outcome=Outcome.CRASHED)}, "NOT REPRODUCED", 3),
        ({"search": HELD, "fixed_stress": HUNG}, "NOT REPRODUCED, FIX DOES NOT HOLD", 1),
        ({"search": Lost("its process was killed by SIGKILL")}, "HARNESS FAULT", 4),
    ],
)
def test_each_way_of_going_wrong_has_its_verdict_and_its_exit_code(
    parts: dict[str, object], verdict: str, code: int
) -> None:
    assert (judged(**parts).verdict, judged(**parts).exit_code) == (verdict, code)


def test_a_fix_that_fell_explains_its_own_failure_and_not_the_broken_programs() -> None:
    fallen = replace(FAILED, target="d/x:fixed", message="carol waits", minimal_witness="h1:deadlock:000000")
    lines = block(judged(fixed_search=fallen), Style()).splitlines()
    assert lines[-3:] == [
        "  why     carol waits",
        "  replay  python -m harness replay d/x:fixed h1:deadlock:000000",
        "  VERDICT REPRODUCED, FIX DOES NOT HOLD",
    ]


def test_a_lost_part_is_called_the_labs_fault() -> None:
    lines = block(judged(search=Lost("no result after 40 s")), Style()).splitlines()
    assert "  VERDICT HARNESS FAULT" in lines
    assert "          controlled no result           the lab's own fault: no result after 40" in lines


def test_the_summary_tells_proofs_from_spent_budgets() -> None:
    results = [judged(), judged(fixed_search=LIMITS["budget spent"][0]), judged(search=HELD)]
    assert summary(results, 7, 3.14).splitlines() == [
        "3 scenarios in 3.1 s, seed 7",
        "  reproduced  2",
        "  fixes held  3: 2 with every interleaving tried, 1 for as long as the budget",
        "              lasted",
        "  hidden      2 from native runs: With the GIL, CPython 3.10 and newer lets",
        "              another thread run only at a call, at the end of a loop's round,",
        "              or where a thread blocks, and then only every 5 ms. A statement",
        "              such as `counter += 1` is never split: a race in it hides, it is",
        "              not gone. A free-threaded build shows it, and so does a controlled",
        "              search.",
        "  not right   1:",
        "    deadlock/lock_order_inversion: NOT REPRODUCED",
    ]


TIMED = """
import threading, time

def main():
    began = time.monotonic()
    sleeper = threading.Thread(target=time.sleep, args=(0.001,), name="sleeper")
    sleeper.start()
    sleeper.join()
    took = time.monotonic() - began
    assert took < {limit}, f"promised were {limit} s"
"""


@pytest.mark.parametrize(("limit", "held"), [(15.0, True), (0.0005, False)])
def test_a_promise_broken_by_a_sped_up_clock_only_is_no_failure_of_the_fix(
    tmp_path: Path, limit: float, held: bool
) -> None:
    path = tmp_path / "timed.py"
    path.write_text(TIMED.format(limit=limit))
    program = load_program(path, settings={"time_scale": 1_000_000.0})
    scaled = stress(program, budget=Budget(executions=5))
    found = attack(program, budget=Budget(executions=5))
    assert scaled.failed > 0
    assert (found.failed == 0, found.time_scale, found.late) == (held, 1.0, False)


BUSY = """
import os, random, threading, time

def work():
    until = os.times().elapsed + 0.3  # by the wall's clock: the machine is slow, not the program
    while os.times().elapsed < until:
        pass

def main():
    began = time.monotonic()
    worker = threading.Thread(target=work, name="worker")
    worker.start()
    worker.join()
    assert {promise}
"""


@pytest.mark.parametrize(
    ("promise", "late"),
    [
        ("time.monotonic() - began < 0.2", True),
        ("random.random() > 1", False),
        ("not threading.Event().wait(0)", None),
    ],
)
def test_a_promise_that_is_kept_when_the_machine_has_more_time_is_called_late_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, promise: str, late: bool | None
) -> None:
    monkeypatch.setattr("harness.reproduce.REPEATS", 2)
    (tmp_path / "busy.py").write_text(BUSY.format(promise=promise))
    found = attack(load_program(tmp_path / "busy.py"), budget=Budget(executions=2))
    assert (found.failed, found.late) == ((0, False) if late is None else (2, late))


def test_a_fix_that_was_late_holds_if_it_is_proved_and_the_line_says_so() -> None:
    late = replace(FREE, failed=3, interval=rate(3, 100), by_the_clock=True, late=True)
    assert judged(fixed_stress=late).verdict == "REPRODUCED, FIX HOLDS"
    assert judged(fixed_stress=replace(late, late=False)).verdict == "REPRODUCED, FIX DOES NOT HOLD"
    unproved = judged(fixed_stress=late, fixed_search=LIMITS["budget spent"][0])
    assert unproved.verdict == "REPRODUCED, FIX INCONCLUSIVE"
    lines = block(judged(fixed_stress=late), Style()).splitlines()
    assert "  fixed   stress       3/100 failed      late: with more time for all it does," in lines


def test_the_gravest_exit_code_is_the_runs() -> None:
    fault, fallen, missed = judged(search=Lost("")), judged(fixed_stress=HUNG), judged(search=HELD)
    runs: tuple[list[Reproduction], ...] = ([], [judged()], [judged(), missed], [missed, fallen], [fallen, fault])
    assert [overall(results) for results in runs] == [0, 0, 3, 1, 4]
