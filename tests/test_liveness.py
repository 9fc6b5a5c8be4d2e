"""Livelock and starvation are proven or not claimed; the programs are in tests/programs/."""

from __future__ import annotations

import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.budget import Budget
from harness.detectors.lasso import Event, Standing, judge
from harness.discriminate import tell_apart
from harness.execution import Execution, Runner
from harness.explore import Options, explore
from harness.outcome import Outcome
from harness.strategies import STRATEGIES
from harness.world.program import load_program
from harness.world.state import StateCapture

ROOT = Path(__file__).parents[1]
PROGRAMS = Path(__file__).parent / "programs"
PREFIXES = (1, 5, 20, 60, 150, 400)
"""Steps of a random schedule before threads take turns."""

SIX = 6
"""Executions of each correct program here; 2,000 of each were clean when this was written."""


def named(*kinds: str) -> Any:
    paths = [path for kind in kinds for path in sorted((PROGRAMS / kind).glob("*.py"))]
    return pytest.mark.parametrize("path", paths, ids=[path.stem for path in paths])


class Randomly:
    """Any enabled thread."""

    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def set_aside(path: Path) -> dict[str, Any]:
    """The names that a program's first line asks to ignore."""
    _, _, names = path.read_text().partition("\n")[0].partition("Set aside: ")
    return {"ignore_state": [names.partition(".")[0]]} if names else {}


def runner(path: Path, **settings: Any) -> Runner:
    return Runner(load_program(path, settings={**set_aside(path), **settings}))


def executions(path: Path, times: int = 60, **settings: Any) -> Iterator[Execution]:
    """Executions that go over to turn-taking after 0 to 60 random steps."""
    program = runner(path, **settings)
    for seed in range(times):
        yield program.run(Randomly(seed), tail_from=random.Random(seed).randrange(1, 60))


def first_failure(name: str, **settings: Any) -> Execution:
    return next(e for e in executions(PROGRAMS / f"{name}.py", **settings) if e.outcome.failed)


@named("correct")
def test_correct_programs_pass_however_hard_they_look(path: Path) -> None:
    program = runner(path)
    outcomes = [program.run(Randomly(seed), tail_from=PREFIXES[seed % len(PREFIXES)]) for seed in range(SIX)]
    assert [(e.outcome, e.message) for e in outcomes] == [(Outcome.PASSED, "")] * SIX


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("strategy", STRATEGIES)
@named("correct")
def test_correct_programs_pass_under_every_strategy(path: Path, strategy: str) -> None:
    options = Options(strategy=strategy, budget=Budget(executions=20), max_steps=60_000, timeout=300.0, jobs=1)
    found = explore(load_program(path), options)
    assert (found.outcome, found.failures, found.executions > 0) == (Outcome.PASSED, 0, True)


@named("livelock", "starvation")
def test_broken_programs_get_the_verdict_of_their_directory_and_no_other(path: Path) -> None:
    outcomes = {e.outcome for e in executions(path, 25)}
    assert outcomes - {Outcome.PASSED} == {Outcome(path.parent.name)}


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "counts_its_attempts",
            "one's attempts was different each time; if it only counts, set it aside "
            "(--ignore-state attempts); a larger --max-steps may tell more",
        ),
        (
            "writes_a_long_log",
            "MainThread's log.lines[…] was different each time; if it only counts, set it aside "
            "(--ignore-state lines); a larger --max-steps may tell more",
        ),
        (
            "looks_at_the_clock",
            "a loop looks at the clock (looks_at_the_clock.py:8), so it may end by itself; "
            "a larger --max-steps may tell more",
        ),
        (
            "asks_the_world_outside",
            "a loop touches the world outside (os.listdir), so it may end by itself; "
            "a larger --max-steps may tell more",
        ),
        (
            "inside_c_code",
            "a loop cannot be told from progress, for worker is inside C code called at inside_c_code.py:14",
        ),
        (
            "truly_random",
            "a loop touches the world outside (os.urandom), so it may end by itself; "
            "a larger --max-steps may tell more",
        ),
        (
            "holds_what_nobody_sees_through",
            "a loop cannot be told from progress, for nobody can look into "
            "MainThread: words[0] (a _sre.SRE_Scanner)",
        ),
        (
            "left_to_the_collector",
            "a loop cannot be told from progress, for the garbage collector may take MainThread: seen.a Cargo away",
        ),
        (
            "random_and_endless",
            "random.next random number was different each time; a larger --max-steps may tell more",
        ),
    ],
)  # fmt: skip
def test_where_nothing_is_proven_the_message_says_what_is_in_the_way(name: str, says: str) -> None:
    program = runner(PROGRAMS / "inconclusive" / f"{name}.py", max_steps=1_200)
    execution = program.run(Randomly(0), tail_from=10)
    assert execution.outcome is Outcome.INCONCLUSIVE
    assert execution.message == f"still running after 1200 steps: {says}"


def test_every_program_that_is_to_stay_inconclusive_is_tried() -> None:
    assert len(list((PROGRAMS / "inconclusive").glob("*.py"))) == 9


def test_a_livelock_shows_one_turn_of_its_loop_and_who_is_refused_what() -> None:
    execution = first_failure("livelock/mutual_trylock")
    assert execution.message == (
        "one and two go round in a loop of 6 steps for ever: one is refused b each time (mutual_trylock.py:9), "
        "two is refused a each time (mutual_trylock.py:9)"
    )
    assert sorted(execution.loop) == [
        "one  acquire a                         granted   mutual_trylock.py:8",
        "one  release a                                   mutual_trylock.py:8",
        "one  try_acquire b                     refused   mutual_trylock.py:9",
        "two  acquire b                         granted   mutual_trylock.py:8",
        "two  release b                                   mutual_trylock.py:8",
        "two  try_acquire a                     refused   mutual_trylock.py:9",
    ]


@pytest.mark.parametrize(
    ("name", "says"),
    [
        (
            "livelock/flag_never_set",
            "endless loop: MainThread goes round in a loop of 1 step (flag_never_set.py:21) for ever",
        ),
        (
            "livelock/poisoned_queue",
            "endless loop: worker goes round in a loop of 2 steps (poisoned_queue.py:9-13) for ever",
        ),
        (
            "livelock/hot_potato",
            "one and two go round in a loop of 4 steps for ever and nobody gets on",
        ),
        (
            "livelock/lock_left_behind",
            "MainThread goes round in a loop of 2 steps for ever: MainThread is refused lock each time "
            "(lock_left_behind.py:16), for thief has ended without giving it back",
        ),
        (
            "livelock/hidden_by_a_counter",
            "one and two go round in a loop of 6 steps for ever: one is refused b each time "
            "(hidden_by_a_counter.py:11), two is refused a each time (hidden_by_a_counter.py:11) (modulo attempts)",
        ),
        (
            "starvation/always_busy",
            "looker starves: it asks for lock in vain (always_busy.py:17) for ever, "
            "while hog is served once in every turn of a loop of 6 steps",
        ),
        (
            "starvation/barging",
            "modest starves: it asks for Shop.changed in vain (barging.py:34) for ever, "
            "while bake and greedy are served once each in every turn of a loop of 20 steps",
        ),
        (
            "starvation/passed_over",
            "victim starves: it waits for lock (passed_over.py:13) for ever, while taker is served once in every turn "
            "of a loop of 6 steps; it could have been picked now and then, but the primitive promises no order",
        ),
    ],
)  # fmt: skip
def test_the_message_names_the_loop_the_losers_and_who_is_served(name: str, says: str) -> None:
    assert first_failure(name).message == says


def test_a_state_that_cannot_be_taken_is_no_verdict_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*arguments: Any) -> None:
        raise ZeroDivisionError("broken object")

    monkeypatch.setattr(StateCapture, "take", broken)
    execution = runner(PROGRAMS / "livelock" / "hot_potato.py", max_steps=400).run(Randomly(0), tail_from=10)
    assert execution.message == (
        "still running after 400 steps: its state cannot be taken (ZeroDivisionError: broken object)"
    )


def test_a_counter_hides_a_loop_until_it_is_set_aside() -> None:
    path = PROGRAMS / "livelock" / "hidden_by_a_counter.py"
    without = {e.outcome for e in executions(path, ignore_state=[], max_steps=800)}
    assert without == {Outcome.PASSED, Outcome.INCONCLUSIVE}


def command(*words: str) -> tuple[int, str]:
    """What the command line answers, in one line."""
    done = subprocess.run(
        [sys.executable, "-m", "harness", *words], capture_output=True, text=True, timeout=60, cwd=ROOT, check=False
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_name_set_aside_on_the_command_line_is_in_the_verdict_and_in_its_witness() -> None:
    target = "tests/programs/livelock/hidden_by_a_counter.py"
    options = ("--strategy", "fair", "--budget", "20x", "--max-steps", "400")
    assert "set it aside (--ignore-state attempts)" in command("explore", target, *options)[1]
    code, told = command("explore", target, *options, "--ignore-state", "attempts")
    assert code == 1 and "(modulo attempts); alone, one would finish" in told
    _, found, line = told.rpartition("python -m harness replay ")
    assert found and ":ignore+attempts:" in line
    assert "LIVELOCK" in command("replay", *line.split())[1]
    code, told = command("replay", *line.replace(":ignore+attempts", "").split())
    assert code == 4 and "DIVERGED: the witness says livelock, this execution ended inconclusive" in told
    assert "set it aside (--ignore-state attempts)" in told


def test_a_name_that_nothing_has_is_in_no_verdict() -> None:
    named = ("--strategy", "fair", "--budget", "20x", "--max-steps", "400", "--ignore-state", "nobody")
    assert "modulo" not in command("explore", "tests/programs/livelock/mutual_trylock.py", *named)[1]
    hidden = command("explore", "tests/programs/livelock/hidden_by_a_counter.py", *named)[1]
    assert "nothing called nobody was met" in hidden


LONG_RETRIES = """
import threading
def main():
    a, b = threading.Lock(), threading.Lock()
    def work(x, y):
        while True:
            with x:
                if y.acquire(blocking=False):
                    y.release()
                    return
    ann = threading.Thread(name="ann", target=work, args=(a, b))
    ben = threading.Thread(name="ben", target=work, args=(b, a))
    ann.start()
    ben.start()
"""


@pytest.mark.parametrize("more", [(), ("--preemptions", "3")], ids=["all", "bounded"])
def test_long_executions_beside_cut_ones_are_not_taken_for_another_program(
    more: tuple[str, ...], tmp_path: Path
) -> None:
    path = tmp_path / "retries.py"
    path.write_text(LONG_RETRIES)
    options = ("--strategy", "exhaustive", "--budget", "60x", "--max-steps", "3000", *more)
    assert "nondeterministic" not in command("explore", str(path), *options)[1]


def test_a_verdict_comes_again_along_its_witness() -> None:
    program = runner(PROGRAMS / "starvation" / "barging.py")
    found = next(e for e in (program.run(Randomly(n), tail_from=9) for n in range(60)) if e.outcome.failed)
    shown = program.follow(found, fair_from=9)
    again = [program.replay(shown.witness) for _ in range(3)]
    assert [(r.diverged, r.execution.outcome, r.execution.loop) for r in again] == [
        (None, Outcome.STARVATION, shown.execution.loop)
    ] * 3


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("livelock/mutual_trylock", "; alone, one would finish"),
        ("livelock/trylock_in_a_circle", "; alone, philosopher 0 would finish"),
        ("livelock/equal_timeouts", "; alone, one would finish"),
        (
            "livelock/each_waits_for_the_others_flag",
            "; alone, none of them would finish either: each is an endless loop of its own",
        ),
        ("livelock/hot_potato", "; alone, none of them would finish either"),
        ("livelock/flag_never_set", ""),
        ("starvation/readers_before_writer", "; with reader 0 stopped, writer gets through"),
        ("starvation/always_busy", "; with hog stopped, looker gets through"),
        ("starvation/busy_with_two", "; with hog 1 and hog 2 stopped, looker gets through"),
        ("starvation/passed_over", "; with taker stopped, victim gets through"),
    ],
)  # fmt: skip
def test_experiments_tell_who_would_get_on_if_others_did_not_run(name: str, says: str) -> None:
    program = runner(PROGRAMS / f"{name}.py")
    found = next(e for e in executions(PROGRAMS / f"{name}.py") if e.outcome.failed)
    shown = (program.follow(found, fair_from=n) for n in range(len(found.schedule)))
    assert tell_apart(next(s for s in shown if s.execution.verdict), program) == says


# The judgement itself, on loops made by hand.

LOCK, OTHER = "lock", "other"


def event(task: int, resource: str, ready: bool, waking: bool = False, enabled: tuple[int, ...] = (1, 2)) -> Event:
    return Event(task, "acquire", waking, ready, None, resource, resource, "p.py:1", enabled)


def standing(*tasks: int, blocked: dict[int, str] | None = None, daemons: tuple[int, ...] = ()) -> list[Standing]:
    wanted = blocked or {}
    return [
        Standing(t, f"t{t}", t in daemons, "acquire", wanted.get(t), wanted.get(t, ""), "p.py:1", t in wanted)
        for t in tasks
    ]


def test_refused_while_another_is_granted_is_starvation() -> None:
    verdict = judge([event(1, LOCK, True), event(2, LOCK, False)], standing(1, 2))
    assert verdict is not None and verdict.outcome is Outcome.STARVATION


def test_refused_what_nobody_else_gets_is_no_starvation() -> None:
    verdict = judge([event(1, OTHER, True), event(2, LOCK, False)], standing(1, 2))
    assert verdict is not None and verdict.outcome is Outcome.LIVELOCK


def test_losers_do_not_starve_each_other() -> None:
    turn = [event(1, LOCK, True), event(2, OTHER, True), event(1, OTHER, False), event(2, LOCK, False)]
    verdict = judge(turn, standing(1, 2))
    assert verdict is not None and verdict.outcome is Outcome.LIVELOCK


def test_a_daemon_cannot_starve() -> None:
    verdict = judge([event(1, LOCK, True), event(2, LOCK, False)], standing(1, 2, daemons=(2,)))
    assert verdict is not None and verdict.outcome is Outcome.LIVELOCK


def test_a_thread_that_could_have_run_but_never_did_forbids_a_livelock() -> None:
    assert judge([event(1, OTHER, True, enabled=(1, 3))], standing(1, 3)) is None


def test_if_only_daemons_run_the_others_are_deadlocked() -> None:
    turn = [Event(1, "sleep", False, None, None, enabled=(1,))]
    verdict = judge(turn, standing(1, 2, blocked={2: LOCK}, daemons=(1,)))
    assert verdict is not None and verdict.outcome is Outcome.DEADLOCK
    assert verdict.message == "meanwhile t1 goes round in a loop that frees nobody"


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    first_failure("livelock/hot_potato")
    assert threading.active_count() - before <= 3  # carriers, which are pooled
