"""Plans: which executions a search makes, in rounds of blocks that do not depend on who carries them out."""

from __future__ import annotations

import pickle
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, reject, settings

from harness.strategies import STRATEGIES, Plan, Profile, make, make_plan
from harness.strategies import plan as module
from harness.strategies.plan import ALONE, BLOCK, WIDTH
from tests.abstract_programs import counter, lastzero, locked_counter, programs, readers
from tests.brute_force import Namer, TooMany, name, traces
from tests.model import End, Executed, Program, execute
from tests.test_strategies import profile

RANDOM = settings(deadline=None, suppress_health_check=list(HealthCheck), max_examples=40)


class Carried(NamedTuple):
    """A block, and the executions that were counted of it."""

    strategy: str
    start: int
    done: list[Executed]


def carried_out(program: Program, plan: Plan, most: int = sys.maxsize, max_steps: int = 10_000) -> Iterator[Carried]:
    """The blocks of the plan, each carried out as if in another process, until `most` executions are made."""
    while blocks := plan.round(most):
        for number, block in enumerate(blocks):
            strategy = pickle.loads(pickle.dumps(block.strategy))
            done: list[Executed] = []
            ended = False
            while len(done) < block.most and not ended:
                ended = not strategy.begin(block.start + len(done))
                if not ended:
                    executed = execute(program, strategy, max_steps)
                    done += [] if executed.redundant else [executed]
            most -= len(done)
            plan.done(number, strategy, len(done), ended)
            yield Carried(block.strategy.name, block.start, done)


def planned(name: str, program: Program, **options: Any) -> Plan:
    return make_plan(name, 7, profile(program), **options)


def classes(program: Program, plan: Plan) -> tuple[list[Any], set[End]]:
    """The equivalence classes of all executions, in order, and how they ended."""
    namer = Namer()
    done = [executed for carried in carried_out(program, plan) for executed in carried.done]
    return [name(namer, executed.steps) for executed in done], {executed.end for executed in done}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tiny parts, and parts of parts."""
    for constant, value in {"ALONE": 3, "WHOLE": 3, "PIECE": 2, "LARGEST": 4}.items():
        monkeypatch.setattr(module, constant, value)


@pytest.mark.parametrize("executions", [1, 3, 99, 500])
@pytest.mark.parametrize("name", STRATEGIES)
def test_a_plan_makes_no_more_executions_than_are_left(name: str, executions: int) -> None:
    program = readers(9)
    done = list(carried_out(program, planned(name, program, executions=executions), executions))
    assert sum(len(carried.done) for carried in done) == executions


def test_samples_are_shared_out_by_their_index() -> None:
    """A block of its own for the first hundred, then rounds of blocks; execution i is the same in any of them."""
    program = counter(3)
    done = list(carried_out(program, planned("pos", program), ALONE + 3 * BLOCK))
    assert [(carried.start, len(carried.done)) for carried in done] == [(0, 100), (100, 32), (132, 32), (164, 32)]
    sampler = make("pos", 7, profile(program))
    for carried in done:
        for index, executed in enumerate(carried.done, start=carried.start):
            sampler.begin(index)
            assert execute(program, sampler).steps == executed.steps


def test_a_round_keeps_as_many_workers_busy_as_there_may_be() -> None:
    plan = planned("random", counter(3))
    assert [len(plan.round(sys.maxsize)) for _ in range(3)] == [1, WIDTH, WIDTH]


@pytest.mark.parametrize(
    ("program", "count"), [(readers(10), 1_024), (counter(4), 576), (lastzero(8), 704), (locked_counter(6), 720)]
)
def test_a_search_that_was_split_meets_each_class_once(program: Program, count: int) -> None:
    plan = planned("exhaustive", program)
    met, _ = classes(program, plan)
    assert (len(met), len(set(met)), plan.exhausted, plan.bound) == (count, count, True, None)


@RANDOM
@given(programs("data", "locks", "conditions", "semaphores"))
def test_parts_of_parts_of_random_programs_add_up(small: None, program: Program) -> None:
    try:
        expected = traces(program, 700)
    except TooMany:
        reject()
    plan = make_plan("exhaustive", 0, Profile())
    met, ends = classes(program, plan)
    assert (len(met), len(set(met)), plan.exhausted, ends) == (expected.count, expected.count, True, expected.ends)


def test_no_part_is_left_while_another_one_lasts(small: None) -> None:
    """All but a few rounds have several blocks, so that several workers are of use."""
    program = readers(8)
    plan = make_plan("exhaustive", 0, Profile())
    widths = []
    rounds = plan.round
    plan.round = lambda left: widths.append(blocks := rounds(left)) or blocks  # type: ignore[func-returns-value, method-assign]
    list(carried_out(program, plan))
    assert sum(len(blocks) > 1 for blocks in widths) > len(widths) / 2


# The portfolio.


def test_the_portfolio_settles_a_small_program_by_exhaustion() -> None:
    program = locked_counter(3)
    plan = planned("portfolio", program)
    done = list(carried_out(program, plan, 1_000))
    assert ([(carried.strategy, len(carried.done)) for carried in done], plan.exhausted) == ([("exhaustive", 6)], True)


def test_the_portfolio_mixes_samples_into_a_large_search() -> None:
    """The search alone, then as many samples as it has executions, then one sample in four; samples come first."""
    program = counter(4)
    plan = planned("portfolio", program)
    done = [(carried.strategy, carried.start, len(carried.done)) for carried in carried_out(program, plan, 5_000)]
    assert done[:8] == [
        ("exhaustive", 0, 20), ("portfolio", 0, 20), ("exhaustive", 20, 20), ("portfolio", 20, 32),
        ("portfolio", 52, 8), ("exhaustive", 40, 40), ("portfolio", 60, 32), ("portfolio", 92, 32),
    ]  # fmt: skip
    assert done[8:11] == [("portfolio", 124, 16), ("exhaustive", 80, 80), ("portfolio", 140, 32)]
    assert sum(count for name, _, count in done if name == "exhaustive") == 576
    assert (plan.exhausted, plan.bound) == (True, None)


def test_the_portfolio_gives_up_a_search_that_cannot_end() -> None:
    """Of eight executions it gets six, and has 36 before it."""
    program = counter(3)
    plan = planned("portfolio", program, executions=8)
    done = [(carried.strategy, len(carried.done)) for carried in carried_out(program, plan, 8)]
    assert (done, plan.exhausted) == ([("exhaustive", 6), ("portfolio", 2)], False)


@pytest.mark.parametrize("preemptions", [None, 1])
def test_the_portfolio_gives_up_after_an_execution_that_was_cut(preemptions: int | None) -> None:
    program = counter(3)
    plan = planned("portfolio", program, preemptions=preemptions)
    done = carried_out(program, plan, 300, max_steps=12)
    assert [(carried.strategy, len(carried.done)) for carried in done][:2] == [("exhaustive", 1), ("portfolio", 100)]
    assert (plan.exhausted, plan.systematic, plan.bound) == (False, False, preemptions)


def test_samples_go_on_where_the_search_is_over_without_a_claim() -> None:
    """An exhaustive search of which one execution was cut has nothing left to try, and proves nothing."""
    program = counter(2)
    plan = make_plan("exhaustive", 0, Profile())
    assert sum(len(carried.done) for carried in carried_out(program, plan, max_steps=9)) > 0
    assert not plan.exhausted
