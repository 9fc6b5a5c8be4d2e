"""The exhaustive search tries each class of interleavings once: no more, and above all no fewer."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from hypothesis import HealthCheck, given, reject, settings
from hypothesis import strategies as st

from harness.strategies import Profile, SearchError, make
from harness.strategies.exhaustive import Exhaustive
from harness.trace import WHOLE
from tests.abstract_programs import (
    counter,
    inversion,
    lastzero,
    locked,
    locked_counter,
    philosophers,
    programs,
    read,
    readers,
    write,
)
from tests.brute_force import Namer, TooMany, Traces, interleavings, name, traces
from tests.model import End, Executed, Machine, Program, execute, executions, started

RANDOM = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))


def search(program: Program, **options: Any) -> tuple[Exhaustive, list[Executed]]:
    strategy = make("exhaustive", 0, Profile(), **options)
    return strategy, list(executions(program, strategy))  # type: ignore[return-value]


def all_traces(program: Program) -> Traces:
    try:
        return traces(program, 700)
    except TooMany:
        reject()


def tally(done: list[Executed]) -> tuple[int, int, set[End]]:
    """How many executions were needed, how many were in vain, and how they ended."""
    redundant = sum(executed.redundant for executed in done)
    return len(done) - redundant, redundant, {executed.end for executed in done}


PUBLISHED = {
    "readers(1)": (readers(1), 2),
    "readers(4)": (readers(4), 16),
    "readers(8)": (readers(8), 256),
    "lastzero(2)": (lastzero(2), 5),
    "lastzero(5)": (lastzero(5), 64),
    "lastzero(7)": (lastzero(7), 320),
    "counter(2)": (counter(2), 4),
    "counter(3)": (counter(3), 36),
    "counter(4)": (counter(4), 576),
    "locked_counter(2)": (locked_counter(2), 2),
    "locked_counter(4)": (locked_counter(4), 24),
    "locked_counter(5)": (locked_counter(5), 120),
    "inversion": (inversion(), 3),
    "philosophers(3)": (philosophers(3), 6),
    "philosophers(5)": (philosophers(5), 30),
}


@pytest.mark.parametrize("title", PUBLISHED)
def test_the_number_of_executions_is_the_published_one(title: str) -> None:
    program, count = PUBLISHED[title]
    strategy, done = search(program)
    assert (len(done), strategy.exhausted, sum(executed.redundant for executed in done)) == (count, True, 0)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    ("program", "count"), [(readers(13), 8_192), (lastzero(10), 3_328)], ids=["readers", "lastzero"]
)
def test_the_number_of_executions_is_the_published_one_for_large_programs(program: Program, count: int) -> None:
    strategy = Exhaustive(0, Profile())
    redundant = [executed.redundant for executed in executions(program, strategy)]
    assert (len(redundant), strategy.exhausted, sum(redundant)) == (count, True, 0)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize(
    "family", ["data", "locks", "probes", "time", "conditions", "semaphores", "events", "gates", "daemons"]
)
def test_none_is_missed_in_thousands_of_random_programs(family: str) -> None:
    @settings(RANDOM, max_examples=200)
    @given(programs("locks", family, "strange"), st.integers(1, 4), st.integers(1, 8))
    def check(program: Program, alone: int, most: int) -> None:
        same_count_and_ends(program)
        expected = all_traces(program)
        met, exhausted, ends = parallel(program, alone, most)
        assert (len(set(met)), len(met), exhausted, ends) == (expected.count, expected.count, True, expected.ends)

    check()


def test_a_lock_order_inversion_deadlocks_in_one_of_its_three_classes() -> None:
    _, done = search(inversion())
    assert sorted(executed.end.outcome for executed in done) == ["deadlock", "passed", "passed"]


def test_a_lost_update_shows_in_two_of_the_four_classes() -> None:
    _, done = search(counter(2))
    assert sorted(dict(executed.end.result[0])["x"] for executed in done) == [1, 1, 2, 2]


FAMILIES = [
    ("data",),
    ("locks",),
    ("probes",),
    ("requests",),
    ("time",),
    ("conditions",),
    ("semaphores",),
    ("events",),
    ("gates",),
    ("locks", "conditions", "events"),
    ("gates", "semaphores", "events", "locks"),
    ("probes", "time", "data"),
    ("semaphores", "data", "daemons"),
    ("time", "locks", "daemons"),
]


@pytest.mark.parametrize("families", FAMILIES, ids="+".join)
def test_each_class_is_met_once_and_none_is_missed(families: tuple[str, ...]) -> None:
    @RANDOM
    @given(programs(*families))
    def check(program: Program) -> None:
        expected = all_traces(program)
        strategy, done = search(program)
        assert (strategy.exhausted, *tally(done)) == (True, expected.count, 0, expected.ends)

    check()


def once_each(program: Program) -> None:
    expected = all_traces(program)
    strategy, done = search(program)
    assert (strategy.exhausted, *tally(done)) == (True, expected.count, 0, expected.ends)


def test_who_waits_for_an_event_does_not_wait_for_a_lock_that_it_gave_up_before() -> None:
    once_each(started((("is_set", "e", "a"),), (*locked("L"), ("await", "e")), (("acquire", "L"),)))


def test_a_lock_that_is_held_is_not_tried_for_before_the_time_is_up() -> None:
    """T1 asks at time 1 and would give up at 4, which never comes; that T2 gave up at 1 is no race with it."""
    first, second = (("sleep", None, 1), ("timed", "L", 3, "t")), (("acquire", "L"), ("timed", "L", 1, "t"))
    main = (("start", 1), ("start", 2))
    once_each(Program((main, first, second), {}, frozenset({1})))


def test_a_thread_that_was_notified_but_needs_its_lock_is_tried_only_where_that_is_free() -> None:
    """T1 may wake up while T2 or T3 holds the lock, and then waits for that."""
    notifier = (("notify", "c1", 2), ("acquire", "L1"))
    once_each(started((("wait", "c1"),), notifier, (("acquire", "L1"),)))


def test_a_step_that_wakes_fewer_than_it_was_to_wake_is_followed_by_one_that_is_awake() -> None:
    """Whether T3's last step gives the lock up, or only looks at it, depends on who came before: T2 has given it up."""
    thief = (("release", "L1"), ("acquire", "L1"))
    once_each(started((("wait", "c1"),), thief, locked("L1", read("x", "a"))))


def test_whether_an_operation_of_which_nothing_is_known_could_come_first_takes_an_execution_to_find_out() -> None:
    """T2 goes down only when T1 has given: that is the one class. There is one race, and it is tried once, in vain."""
    program = started((("give", "s"),), (("down", "s"),), values={"s": 0})
    strategy, done = search(program)
    assert (strategy.exhausted, *tally(done)) == (True, 1, 1, all_traces(program).ends)


@pytest.mark.parametrize("family", ["data", "conditions", "locks", "semaphores", "events"])
def test_none_is_missed_where_a_step_touches_now_this_now_that(family: str) -> None:
    """What a step does may depend on what came before; then an execution may be in vain, and says so."""

    @RANDOM
    @given(programs(family, "strange"))
    def check(program: Program) -> None:
        same_count_and_ends(program)

    check()


def same_count_and_ends(program: Program) -> None:
    expected = all_traces(program)
    strategy, done = search(program)
    count, _, ends = tally(done)
    assert (strategy.exhausted, count, ends) == (True, expected.count, expected.ends)


def test_a_hint_that_turns_out_wrong_hides_nothing() -> None:
    """T2's first step writes x only if it comes before T1's: it was put into the wakeup tree without knowing that."""
    first = (("poke", "y", "z", 3),)
    second = (("poke", "z", "x", 11), ("poke", "y", "x", 12))
    same_count_and_ends(started(first, second, (write("x", 21), read("x", "a"))))


def test_a_pending_acquire_that_never_happened_counts_as_a_race() -> None:
    """Without that, the class in which T2 takes the lock and T1 is the one to block is missed."""
    _, done = search(started((("acquire", "L"),), (("acquire", "L"),)))
    took = [[step.task for step in executed.steps if step.operation.kind == "acquire"] for executed in done]
    assert took == [[1], [2]]


def test_a_thread_that_waits_in_vain_is_no_event_but_its_reversal_is_found() -> None:
    """The notification can come before the wait (lost, then a deadlock) or after it."""
    _, done = search(started(locked("L1", ("wait", "c1")), locked("L1", ("notify", "c1", 1))))
    assert {executed.end.outcome for executed in done} == {"passed", "deadlock"}


def test_a_lock_held_while_time_passes_could_have_been_taken_before() -> None:
    """T2 gets the lock at time 5 only, after T1; that it could have had it at time 0 is no less a race."""
    _, done = search(started(locked("L", ("sleep", None, 5), write("x", 1)), locked("L", read("x", "a"))))
    assert {executed.end.result[1][2] for executed in done} == {(("a", 0),), (("a", 1),)}


def test_a_timed_acquire_succeeds_or_gives_up() -> None:
    holder = locked("L", ("sleep", None, 5))
    _, done = search(started(holder, (("timed", "L", 3, "t"), ("skip", "t", 0, 1), ("release", "L"))))
    assert {dict(executed.end.result[1][2])["t"] for executed in done} == {0, 1}


def test_what_a_daemon_has_done_when_main_ends_is_tried_for_every_step_of_it() -> None:
    program = Program(((("start", 1),), (write("x", 1), write("x", 2))), daemons=frozenset({1}))
    _, done = search(program)
    assert sorted(dict(executed.end.result[0]).get("x", 0) for executed in done) == [0, 0, 1, 2]


def test_an_execution_that_was_cut_makes_a_claim_impossible() -> None:
    strategy = Exhaustive(0, Profile())
    while strategy.begin(0):
        execute(counter(2), strategy, max_steps=9)
    assert not strategy.exhausted


def test_an_execution_that_was_cut_behind_a_branch_far_down_is_no_contradiction() -> None:
    """T1 has much more to do where T2's write comes first, which is tried from a state some 2,000 steps down."""
    first = (*([read("p", "p")] * 1_100), read("y", "a"), ("skip", "a", 0, 2_000), *([read("p", "p")] * 2_000))
    strategy = Exhaustive(0, Profile())
    program, executed = started(first, (*([read("q", "q")] * 1_200), write("y", 1))), []
    while strategy.begin(len(executed)):
        executed.append(execute(program, strategy, max_steps=3_000).end.outcome)
    assert (executed, strategy.exhausted) == (["passed", "cut"], False)


def test_a_program_that_does_something_else_the_second_time_is_refused() -> None:
    strategy = Exhaustive(0, Profile())
    assert strategy.begin(0)
    execute(counter(2), strategy)
    assert strategy.begin(1)
    with pytest.raises(SearchError, match=r"nondeterministic program: step \d+ was read of .* by thread 1"):
        execute(started((read("y", "a"), write("x", 1)), (read("x", "a"), write("x", 1))), strategy)


def test_a_choice_that_is_not_possible_is_an_error_and_never_replaced() -> None:
    """The second execution is offered the threads of the first, one by one: never the one it has to turn to."""
    strategy = Exhaustive(0, Profile())
    assert strategy.begin(0)
    first = execute(locked_counter(2), strategy)
    assert strategy.begin(1)
    threads = Machine(locked_counter(2)).threads
    with pytest.raises(SearchError, match=r"the search asked for thread 2 at step \d, enabled are \[1\]"):
        for i, step in enumerate(first.steps):
            strategy.choose([threads[step.task]], None, i)


def test_a_thread_that_spins_does_not_run_for_ever() -> None:
    """Beyond the known path the running thread goes on, but not more than a hundred choices in a row."""
    spins = (*([("read", "x", WHOLE, "a")] * 400), write("y", 1))
    strategy = Exhaustive(0, Profile())
    assert strategy.begin(0)
    executed = execute(started(spins, (write("z", 1),)), strategy)
    first_of_other = next(i for i, step in enumerate(executed.steps) if step.task == 2)
    assert first_of_other < 110


# Several workers.


def parallel(program: Program, alone: int, most: int) -> tuple[list[Any], bool, set[End]]:
    """Search with parts handed out, pickled as they are for other processes: the classes met, in order."""
    first = Exhaustive(0, Profile())
    namer = Namer()
    met: list[Any] = []
    ends: set[End] = set()

    def run(strategy: Exhaustive) -> None:
        executed = execute(program, strategy)
        ends.add(executed.end)
        if not executed.redundant:
            met.append(name(namer, executed.steps))

    while True:
        for index in range(alone):
            if not first.begin(index):
                return met, first.exhausted, ends
            run(first)
        parts = first.split(most)
        for part in parts:
            worker = Exhaustive(0, Profile(), part=pickle.loads(pickle.dumps(part)))
            while worker.begin(0):
                run(worker)
            first.absorb(part, pickle.loads(pickle.dumps(worker.harvest())))


@pytest.mark.parametrize(("alone", "most"), [(1, 3), (5, 100)])
@pytest.mark.parametrize("title", ["counter(4)", "lastzero(5)", "inversion", "philosophers(5)", "readers(8)"])
def test_parts_explored_elsewhere_add_up_to_the_same_classes(title: str, alone: int, most: int) -> None:
    program, count = PUBLISHED[title]
    met, exhausted, _ = parallel(program, alone, most)
    assert (len(met), len(set(met)), exhausted) == (count, count, True)


@RANDOM
@given(programs("data", "locks", "semaphores"), st.integers(1, 3), st.integers(1, 5))
def test_parts_of_random_programs_add_up_too(program: Program, alone: int, most: int) -> None:
    expected = all_traces(program)
    met, exhausted, ends = parallel(program, alone, most)
    assert (len(set(met)), len(met), exhausted, ends) == (expected.count, expected.count, True, expected.ends)


def test_a_search_waits_for_its_parts() -> None:
    strategy = Exhaustive(0, Profile())
    assert strategy.begin(0)
    execute(counter(2), strategy)
    assert strategy.split(1)
    with pytest.raises(ValueError, match="1 parts have not been absorbed"):
        strategy.begin(1)


# A bound on preemptions.


@pytest.mark.parametrize("preemptions", [0, 1, 2])
@RANDOM
@given(program=programs("data", "locks", "conditions", "strange"))
def test_within_the_bound_every_interleaving_is_tried(preemptions: int, program: Program) -> None:
    try:
        expected = interleavings(program, preemptions, 600)
    except TooMany:
        reject()
    strategy, done = search(program, preemptions=preemptions)
    assert {executed.end for executed in done} == expected
    assert strategy.exhausted
    assert max(preempted(executed) for executed in done) <= preemptions


def preempted(executed: Executed) -> int:
    """How often a thread was left that could have gone on."""
    steps = executed.steps
    return sum(a.task != b.task and a.task in b.enabled for a, b in zip(steps, steps[1:], strict=False))


def test_a_lost_update_takes_one_preemption() -> None:
    finals = []
    for preemptions in (0, 1):
        _, done = search(counter(2), preemptions=preemptions)
        finals.append({dict(executed.end.result[0])["x"] for executed in done})
    assert finals == [{2}, {1, 2}]


def test_a_state_reached_in_either_thread_is_gone_on_from_in_both() -> None:
    """After p and q are written it matters who runs: either can go on, and leave it open who comes next."""
    first = (write("p", 1), read("q", "q"), write("x", 1))
    second = (write("q", 1), read("p", "p"), write("x", 2))
    program = started(first, second, (read("x", "between"),))
    _, done = search(program, preemptions=1)
    ends = {executed.end for executed in done}
    between = {end.result[1][3] for end in ends if end.result[1][1:3] == ((("q", 1),), (("p", 1),))}
    assert between == {(("between", seen),) for seen in (0, 1, 2)}
    assert ends == interleavings(program, 1)


def test_executions_with_fewer_preemptions_come_first() -> None:
    _, done = search(counter(3), preemptions=2)
    used = [preempted(executed) for executed in done]
    assert used == sorted(used)


def test_a_bound_that_leaves_nothing_out_is_no_bound() -> None:
    bounds = [search(counter(2), preemptions=preemptions)[0].bound for preemptions in (0, 1, 2, 3)]
    assert bounds == [0, 1, None, None]
