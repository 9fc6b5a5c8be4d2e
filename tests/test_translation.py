"""Random programs as abstract ones and as real ones: the engine has the number of classes that brute force counts.

The abstract machine and its brute force share no code with the engine; so what a real step touches,
where there are steps, and who is enabled are compared as well, not only the search.
"""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, reject, settings

from harness.trace import WHOLE
from tests.abstract_programs import programs
from tests.brute_force import TooMany, traces
from tests.model import Program
from tests.real_programs import searched
from tests.translation import source, strict

FAMILIES = ["data", "locks", "probes", "time", "conditions", "semaphores", "events"]


@pytest.mark.parametrize("family", FAMILIES)
def test_the_engine_tries_as_many_executions_as_there_are_classes(family: str) -> None:
    compare(family, 15)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("family", FAMILIES)
def test_the_engine_tries_as_many_executions_as_there_are_classes_in_many(family: str) -> None:
    compare(family, 500)


def compare(family: str, examples: int) -> None:
    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), derandomize=examples < 100)
    @given(programs(family))
    def check(program: Program) -> None:
        inside, outside = strict(program, outside=False), strict(program)
        try:
            truth = expected = traces(inside, 300)
            if outside != inside and not (other := traces(outside, 300)).cleared:
                expected = other  # where an event is cleared, who has waited for it goes on all the same
        except TooMany:
            reject()
        outcomes = {end.outcome for end in truth.ends}
        if "error" in outcomes or _whole(program):  # the machine goes on after an error, and copies no lists
            reject()
        found = searched(source(inside))
        assert (found.executions, {outcome for outcome, _ in found.ends}) == (expected.count, outcomes), source(program)

    check()


def _whole(program: Program) -> bool:
    accesses = (step for body in program.bodies for step in body if step[0] in ("read", "write"))
    return any(step[1] == "l" and step[2] is WHOLE for step in accesses)
