"""What a stress seed fixes, and what the pauses that it fixes bring about."""

from __future__ import annotations

import os
from itertools import islice

import pytest

from harness.budget import Budget
from harness.children.perturbation import Plan, pauses
from harness.children.sharing import Owner, Sharing
from tests.free_runs import GIL, Run

pytest_plugins = ["tests.free_runs"]


# Seeds


def test_a_seed_means_the_same_pauses_on_every_machine_and_version() -> None:
    plan = Plan.of(7, 3)
    assert plan == Plan(key="7/3", switch_interval=0.005, gap=4, late=0)
    assert [tuple(pause) for pause in islice(pauses(plan, "0.1"), 6)] == [
        (0, 0),
        (7, 16),
        (2, 1),
        (3, 16),
        (1, 0),
        (3, 0),
    ]
    one, again, other = (list(islice(pauses(plan, label), 50)) for label in ("0.1", "0.1", "0.2"))
    assert one == again != other
    assert len({Plan.of(7, number)[1:] for number in range(6)} | {Plan.of(8, number)[1:] for number in range(6)}) > 6


LOST_UPDATE = """
    import threading

    class Stock:
        left = 10

        def take(self):
            self.left -= 1

    def main():
        stock = Stock()
        orders = [threading.Thread(target=stock.take, name=name) for name in ("order 1", "order 2")]
        for order in orders:
            order.start()
        for order in orders:
            order.join()
        return stock.left
"""


def test_stress_shows_what_native_runs_hide(run: Run) -> None:
    oracle = "def check(result):\n    assert result == 8\n"
    # More than 14 of 100 runs lose the update here; at a tenth of that rate, one test in 10^3 would see none of 500.
    stressed = run(LOST_UPDATE, oracle, mode="stress", budget=Budget(executions=500), until="1-failure")
    assert {bar.text: bar.allowed for bar in stressed.histogram} in ({"8": True, "9": False}, {"9": False})
    if GIL:
        assert run(LOST_UPDATE, oracle, budget=Budget(executions=200)).outcomes == {"8": 200}


def test_a_fixed_program_holds_under_stress(run: Run) -> None:
    fixed = LOST_UPDATE.replace("left = 10", "left = 10; lock = threading.Lock()")
    fixed = fixed.replace("self.left -= 1", "with self.lock:\n                self.left -= 1")
    assert run(fixed, mode="stress", budget=Budget(executions=200)).outcomes == {"8": 200}


def test_pauses_are_spent_on_places_that_threads_share() -> None:
    main, alice, bob = Owner(), Owner(), Owner()
    after_a_start = Owner()
    sharing = Sharing()
    log = [
        ("main makes it", sharing.matters("stock", main, True)),
        ("main has it to itself", sharing.matters("stock", main, False)),
        ("main has started a thread since", sharing.matters("stock", after_a_start, False)),
        ("alice reads it", sharing.matters("stock", alice, False)),
        ("alice finds what nobody has touched", sharing.matters("price", alice, False)),
        ("bob makes his own", sharing.matters("basket", bob, True)),
        ("bob has it to himself", sharing.matters("basket", bob, False)),
        ("alice takes from it", sharing.matters("basket", alice, True)),
        ("so bob shares it", sharing.matters("basket", bob, False)),
    ]
    assert [said for said, matters in log if matters] == [
        "main has started a thread since",
        "alice reads it",
        "alice finds what nobody has touched",
        "alice takes from it",
        "so bob shares it",
    ]


def test_threads_refuse_under_stress_what_they_refuse_anyway(run: Run) -> None:
    source = """
        import threading

        class Forgetful(threading.Thread):
            def __init__(self):
                pass

        def main():
            told = []
            once = threading.Thread(target=print)
            once.run = lambda: None
            once.start()
            once.join()
            for thread in (once, Forgetful()):
                try:
                    thread.start()
                except RuntimeError as error:
                    told.append(str(error))
            return told
    """
    native, stressed = (run(source, mode=mode).outcomes for mode in ("native", "stress"))
    assert native == stressed == {"['threads can only be started once', 'thread.__init__() not called']": 3}


def test_a_long_program_pauses_ever_more_seldom(run: Run) -> None:
    source = """
        import threading

        class Counter:
            value = 0

        def count(counter):
            for _ in range(20_000):
                counter.value += 1

        def main():
            counter = Counter()
            threads = [threading.Thread(target=count, args=(counter,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return counter.value <= 40_000
    """
    assert run(source, mode="stress", budget=Budget(executions=3)).outcomes == {"True": 3}


@pytest.mark.parametrize("mode", ["native", "stress"])
def test_a_seed_repeats_the_random_numbers_whatever_the_number_of_jobs(run: Run, mode: str) -> None:
    source = "import random\ndef main():\n    return random.randrange(100)\n"
    one, two = (run(source, mode=mode, seed=5, jobs=jobs, budget=Budget(executions=51)) for jobs in (1, 2))
    assert one.outcomes == two.outcomes and len(one.outcomes) > 10
    assert run(source, mode=mode, seed=6, budget=Budget(executions=51)).outcomes != one.outcomes


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores are not to be chosen here")
@pytest.mark.parametrize("mode", ["native", "stress"])
def test_with_the_gil_a_perturbed_run_keeps_to_one_core_and_is_told_of_all(run: Run, mode: str) -> None:
    source = """
        import os
        import threading

        def main():
            status = open(f"/proc/self/task/{threading.get_native_id()}/status").read()
            allowed = status.split("Cpus_allowed:")[1].split()[0].replace(",", "")
            return int(allowed, 16).bit_count(), len(os.sched_getaffinity(0))
    """
    cores = len(os.sched_getaffinity(0))
    assert run(source, mode=mode).outcomes == {str((1 if GIL and mode == "stress" else cores, cores)): 3}
