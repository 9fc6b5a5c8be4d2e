"""Stress with real children: what they may do, what is counted, and that the lab outlives all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from harness.budget import Budget
from harness.children.interpreter import Interpreter
from harness.children.parents import Parents
from harness.children.perturbation import Plan, pauses
from harness.children.repeatable import repeatable
from harness.children.sharing import Owner, Sharing
from harness.stress import StressResult, parse_sweep, parse_until, stress, sweep
from harness.world.program import Program, TargetError, load_program

ROOT = Path(__file__).resolve().parent.parent
FORKS = hasattr(os, "fork")
LINUX = sys.platform == "linux"
GIL = Interpreter.running().gil

Write = Callable[..., Program]
Run = Callable[..., StressResult]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a program, its oracle and modules beside it."""

    def write(source: str, oracle: str = "", **beside: str) -> Program:
        for name, text in {"broken": source, "oracle": oracle, **beside}.items():
            if text:
                (tmp_path / f"{name}.py").write_text(textwrap.dedent(text), encoding="utf-8")
        return load_program(tmp_path / "broken.py", name="the program", oracle=tmp_path / "oracle.py")

    return write


@pytest.fixture(scope="module")
def parents() -> Iterator[Parents]:
    with Parents() as parents:
        yield parents


@pytest.fixture
def run(write: Write, parents: Parents) -> Run:
    """Write a program and run it natively, three times if nothing else is said."""

    def run(source: str, oracle: str = "", beside: dict[str, str] | None = None, **options: Any) -> StressResult:
        options = {"mode": "native", "budget": Budget(executions=3), "timeout": 20.0, **options}
        if "jobs" not in options:
            options["parents"] = parents
        return stress(write(source, oracle, **(beside or {})), **options)

    return run


PASSING = """
    import threading

    def main(threads=2):
        done = []
        workers = [threading.Thread(target=done.append, args=(i,)) for i in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return len(done)
"""

CROSSED_LOCKS = """
    import threading

    def pay(first, second, both):
        with first:
            both.wait()
            with second:
                pass

    def main():
        a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)
        alice = threading.Thread(target=pay, args=(a, b, both), name="alice")
        bob = threading.Thread(target=pay, args=(b, a, both), name="bob")
        alice.start()
        bob.start()
        alice.join()
        bob.join()
"""


# What is counted


def test_a_program_that_passes_is_counted_by_what_it_returned(run: Run) -> None:
    result = run(PASSING, budget=Budget(executions=40))
    assert (result.runs, result.failed, result.hung, result.outcomes) == (40, 0, 0, {"2": 40})
    assert (result.rate, result.low, round(result.high, 3)) == (0.0, 0.0, 0.072)
    assert (result.first_failure, result.message, result.stacks) == (None, "", ())
    assert result.runs_per_second == pytest.approx(result.runs / result.seconds)


def test_the_oracle_says_which_results_are_allowed(run: Run) -> None:
    source = """
        import random
        def main():
            return random.randrange(3)
    """
    oracle = "def check(result):\n    assert result != 2, f'two is too many: {result}'\n"
    result = run(source, oracle, mode="stress", seed=1, budget=Budget(executions=60))
    assert {bar.text: bar.allowed for bar in result.histogram} == {"0": True, "1": True, "2": False}
    assert result.failed == result.outcomes["2"] > 0
    assert result.message == "AssertionError: two is too many: 2"
    assert result.rate == result.failed / 60 and result.low < result.rate < result.high


@pytest.mark.parametrize(
    ("body", "end", "text", "place"),
    [
        ("assert 1 == 2, 'sums differ'", "violated", "AssertionError: sums differ", "broken.py:4"),
        ("[].pop()", "crashed", "IndexError: pop from empty list", "broken.py:4"),
        ("raise SystemExit(3)", "passed", "None", ""),
        ("import _thread; _thread.exit()", "passed", "None", ""),
    ],
)
def test_what_a_thread_dies_of_is_the_outcome_of_the_run(run: Run, body: str, end: str, text: str, place: str) -> None:
    source = f"import threading\n\ndef work():\n    {body}\n\ndef main():\n" + textwrap.indent(
        "bob = threading.Thread(target=work, name='bob')\nbob.start()\nbob.join()\n", "    "
    )
    result = run(source)
    assert [(bar.text, bar.count, bar.end) for bar in result.histogram] == [(text, 3, end)]
    assert result.message == (f"{text} in bob ({place})" if place else "")
    assert ("Traceback" in result.output) == (end != "passed")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("import sys; sys.exit(0)", "None"),
        ("import sys; sys.exit('no more stock')", "SystemExit: no more stock"),
        ("import os; os._exit(3)", "the process ended itself with exit status 3"),
        ("import os; os.abort()", "the process was killed by SIGABRT"),
        ("import ctypes; ctypes.string_at(0)", "the process was killed by SIGSEGV"),
        ("import os; os.kill(os.getppid(), 0); os.killpg(0, 9)", "the process was killed by SIGKILL"),
        ("input()", "EOFError: EOF when reading a line"),
        ("main()", "RecursionError: maximum recursion depth exceeded"),
    ],
)
def test_main_may_end_as_it_likes(run: Run, body: str, text: str) -> None:
    assert run(f"def main():\n    {body}\n").outcomes == {text: 3}


def test_a_broken_oracle_is_no_pass(run: Run) -> None:
    result = run("def main():\n    return 1\n", "def check(result):\n    return result.stock\n")
    assert [(bar.text, bar.end) for bar in result.histogram] == [("1", "crashed")]
    assert result.message == "the oracle itself failed: AttributeError: 'int' object has no attribute 'stock'"


def test_a_module_that_cannot_be_executed_is_no_target(run: Run, tmp_path: Path) -> None:
    with pytest.raises(TargetError) as error:
        run("import nosuchmodule\ndef main(): pass\n")
    expected = "cannot be loaded: ModuleNotFoundError: No module named 'nosuchmodule' (broken.py:1)"
    assert str(error.value) == f"{tmp_path / 'broken.py'}: {expected}"


# Hangs


@pytest.mark.skipif(not LINUX, reason="certainty before the deadline is read from Linux' /proc")
def test_a_deadlock_is_certain_long_before_its_deadline(run: Run) -> None:
    result = run(CROSSED_LOCKS, timeout=60.0)
    assert result.outcomes == {"hung (blocked)": 3}
    assert result.seconds < 40
    assert {(w.thread, w.state, w.place, w.text, w.call) for w in result.stacks} == {
        ("main", "waits", "broken.py:16", "alice.join()", "Thread.join"),
        ("alice", "waits", "broken.py:7", "with second:", ""),
        ("bob", "waits", "broken.py:7", "with second:", ""),
    }


@pytest.mark.skipif(not LINUX, reason="certainty before the deadline is read from Linux' /proc")
def test_under_stress_a_deadlock_is_told_with_who_holds_what_since_when(run: Run) -> None:
    result = run(CROSSED_LOCKS, mode="stress", timeout=60.0)
    assert result.hung == result.failed == 3
    story = set(result.message.split("; "))
    assert "alice waits at broken.py:7: with second:, held by bob since broken.py:5" in story
    assert "bob waits at broken.py:7: with second:, held by alice since broken.py:5" in story


@pytest.mark.parametrize(
    ("body", "end", "where"),
    [
        ("while True:\n        pass", "hung (spinning)", "main runs at broken.py:"),
        ("while True:\n        time.sleep(0.001)", "hung (spinning)", "main runs at broken.py:"),
        ("time.sleep(1000)", "hung (blocked)", "main waits at broken.py:6: time.sleep(1000)"),
        ("os.read(os.pipe()[0], 1)", "hung (blocked)", "main waits at broken.py:6: os.read(os.pipe()[0], 1)"),
        ("while True:\n        print('x' * 1000)", "hung (spinning)", "main runs at broken.py:"),
    ],
)
def test_what_may_still_move_is_given_its_deadline_then_told_apart(run: Run, body: str, end: str, where: str) -> None:
    source = f"import os\nimport time\n\n\ndef main():\n    {body}\n"
    result = run(source, timeout=0.6, budget=Budget(executions=1), time_scale=1)
    assert result.outcomes == {end: 1}
    assert result.message.startswith(where)
    assert result.seconds > 0.5


def test_a_thread_left_behind_is_waited_for_and_then_hangs_the_run(run: Run) -> None:
    source = """
        import threading

        def main(daemon):
            threading.Thread(target=threading.Event().wait, name="bob", daemon=daemon).start()
            return "done"
    """
    left = run(source, parameters={"daemon": False}, timeout=1.0)
    assert left.outcomes == {"hung (blocked)": 3}
    assert left.message.startswith("main waits at the end: main() has returned, its threads are being waited for")
    assert run(source, parameters={"daemon": True}).outcomes == {"'done'": 3}


def test_an_executor_that_nobody_shut_down_ends_with_main(run: Run) -> None:
    source = """
        from concurrent.futures import ThreadPoolExecutor

        def main():
            return ThreadPoolExecutor(2).submit(sum, [1, 2]).result()
    """
    assert run(source, budget=Budget(executions=10)).outcomes == {"3": 10}


@pytest.mark.skipif(not FORKS, reason="forks")
def test_a_thread_that_lets_no_other_run_is_killed_from_outside(run: Run) -> None:
    source = """
        import ctypes, threading

        def main():
            ctypes.PyDLL(None).sleep(1000)
    """
    result = run(source, timeout=0.3, time_scale=1, budget=Budget(executions=1))
    if GIL:
        assert result.outcomes == {"hung (blocked)": 1}
        assert result.message == "one thread lets no other run, not even the watchdog: killed from outside, no stacks"
    else:
        assert result.hung == 1


def test_an_error_before_a_hang_is_told_with_it(run: Run) -> None:
    source = """
        import threading

        def stage(gate):
            gate.acquire()
            raise KeyError("price")

        def main():
            gate = threading.Lock()
            stage_1 = threading.Thread(target=stage, args=(gate,), name="stage 1")
            stage_1.start()
            stage_1.join()
            gate.acquire()
    """
    result = run(source, timeout=1.0, budget=Budget(executions=1))
    assert result.outcomes == {"hung (blocked)": 1}
    assert result.message.endswith("; before that: KeyError: 'price' in stage 1 (broken.py:6)")


# A child does what it likes, and nothing is left of it


def test_endless_output_is_drained_and_its_beginning_kept(run: Run) -> None:
    source = """
        import sys

        def main():
            for _ in range(10_000):
                print("x" * 1000)
            raise ValueError("enough")
    """
    result = run(source, budget=Budget(executions=1))
    assert result.outcomes == {"ValueError: enough": 1}
    assert len(result.output) < 5000 and result.output.endswith("… (cut)")


@pytest.mark.skipif(not LINUX, reason="sessions, orphans and /proc")
@pytest.mark.parametrize("escape", ["", "os.setsid()"])
def test_processes_that_a_run_started_end_with_it(run: Run, tmp_path: Path, escape: str) -> None:
    source = f"""
        import os
        import time

        def main():
            if os.fork() == 0:
                {escape or "pass"}
                with open({str(tmp_path / "pids")!r}, "a") as file:
                    print(os.getpid(), file=file)
                time.sleep(1000)
            while not os.path.exists({str(tmp_path / "pids")!r}):
                time.sleep(0.01)
            return "parent"
    """
    assert run(source, budget=Budget(executions=2)).outcomes == {"'parent'": 2}
    assert [pid for pid in (tmp_path / "pids").read_text().split() if Path("/proc", pid).exists()] == []


@pytest.mark.skipif(not FORKS, reason="forks")
def test_a_program_that_forks_itself_is_still_one_run(run: Run) -> None:
    assert run("import os\ndef main():\n    os.fork()\n    os.fork()\n    return 1\n").outcomes == {"1": 3}


@pytest.mark.skipif(not LINUX, reason="/proc")
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_children_die_with_the_harness(write: Write, tmp_path: Path, how: signal.Signals) -> None:
    pids = tmp_path / "pids"
    program = write(f"""
        import os
        import time

        def main():
            with open({str(pids)!r}, "a") as file:
                print(os.getpid(), os.getppid(), file=file)
            while True:
                pass
    """)
    code = "import sys; from harness.stress import *; from harness.world.program import load_program;" + (
        "stress(load_program(sys.argv[1]), mode='native', budget=Budget(executions=1), timeout=60)"
    )
    harness = subprocess.Popen([sys.executable, "-c", code, str(program.path)], cwd=ROOT, stderr=subprocess.DEVNULL)
    _wait_until(lambda: pids.exists() and len(pids.read_text().split()) == 2)
    harness.send_signal(how)
    harness.wait(20)
    _wait_until(lambda: not any(Path("/proc", pid).exists() for pid in pids.read_text().split()))


@pytest.mark.skipif(not LINUX, reason="/proc")
def test_the_warm_parent_never_has_a_second_thread_and_the_program_never_sees_the_harness(run: Run) -> None:
    source = """
        import os
        import sys
        import threading

        def main():
            parents_threads = len(os.listdir(f"/proc/{os.getppid()}/task"))
            path_of_harness = [path for path in sys.path if os.path.isdir(os.path.join(path, "harness"))]
            open_files = sorted(int(fd) for fd in os.listdir("/proc/self/fd"))[3:]
            alone = threading.active_count(), os.getsid(0) == os.getpid()
            return parents_threads, alone, path_of_harness, len(open_files)
    """
    # Open beside standard input, output and error: the results, the watchdog's orders, and the directory being listed.
    assert run(source).outcomes == {"(1, (1, True), [], 3)": 3}


# Clean programs share a child


@pytest.mark.parametrize(
    ("source", "clean"),
    [
        ("import threading, time, queue\nfrom concurrent.futures import ThreadPoolExecutor", True),
        ("import shop\ndef main(): return shop.open_orders()", True),
        ("def main(): return 1\nif __name__ == '__main__': print(main())", True),
        ("import logging", False),
        ("import os", False),
        ("from . import shop", False),
        ("import threading\nthreading.Lock = None", False),
        ("import threading\nthreading.Thread.run = None", False),
        ("import shop\nshop.stock['tea'] = 5", False),
        ("from threading import Thread as T\nsetattr(T, 'run', None)", False),
        ("def main(): print('hello')", False),
        ("class C:\n    def __del__(self): pass", False),
        ("import threading\ndef main(): threading.stack_size(10**6)", False),
        ("from traceback import print_exc", False),
        ("def main(connection): connection.open()", True),
    ],
)
def test_only_what_leaves_nothing_behind_is_run_twice_in_one_process(source: str, clean: bool) -> None:
    assert repeatable([source], {"shop"}) is clean


def test_every_run_has_new_modules_though_the_process_be_the_same(run: Run) -> None:
    source = """
        import threading
        import shop

        runs = []

        def main():
            runs.append(1)
            shop.orders.append(1)
            names = []
            thread = threading.Thread(target=lambda: names.append(threading.current_thread().name))
            thread.start()
            thread.join()
            return len(runs), len(shop.orders), names
    """
    result = run(source, beside={"shop": "orders = []\n"}, budget=Budget(executions=60))
    assert result.outcomes == {"(1, 1, ['Thread-1 (<lambda>)'])": 60}


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


def test_results_do_not_depend_on_the_number_of_jobs(run: Run) -> None:
    source = "import random\ndef main():\n    return random.randrange(100)\n"
    one, two = (run(source, mode="stress", seed=5, jobs=jobs, budget=Budget(executions=51)) for jobs in (1, 2))
    assert one.outcomes == two.outcomes and len(one.outcomes) > 10
    assert run(source, mode="stress", seed=6, budget=Budget(executions=51)).outcomes != one.outcomes


# Budgets


def test_a_series_may_end_with_a_number_of_failures(run: Run) -> None:
    source = "import random\ndef main():\n    assert random.random() < 0.8\n"
    results = [
        run(source, mode="stress", seed=3, until="5-failures", budget=Budget(executions=1000), jobs=jobs)
        for jobs in (1, 2)
    ]
    assert [(result.failed, result.stopped_by) for result in results] == [(5, "until")] * 2
    assert results[0].outcomes == results[1].outcomes and results[0].first_failure == results[1].first_failure
    assert results[0].message == "AssertionError in main (broken.py:3)"


def test_seconds_are_kept(run: Run) -> None:
    result = run(PASSING, budget=Budget(seconds=0.5))
    assert result.runs > 5 and 0.5 <= result.seconds < 10 and result.stopped_by == "budget"


@pytest.mark.parametrize("text", ["", "failures", "0-failures", "-3", "twenty"])
def test_an_until_that_never_comes_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="write 20-failures"):
        parse_until(text)
    assert [parse_until(until) for until in (None, "20-failures", "1-failure", 7)] == [None, 20, 1, 7]


# The program's clock


TIMED = """
    import queue
    import threading
    import time

    def took(action):
        start = time.monotonic()
        try:
            action()
        except queue.Empty:
            pass
        return 3.9 < time.monotonic() - start < 100  # 4 s that are not scaled take 160 s by this clock

    def main():
        fired = threading.Event()
        taken, condition = threading.Lock(), threading.Condition()
        taken.acquire()
        sleeper = threading.Thread(target=time.sleep, args=(8,), daemon=True)
        sleeper.start()
        threading.Timer(4, fired.set).start()
        with condition:
            waited = took(lambda: condition.wait(4))
        return fired.wait(30) and [
            waited,
            took(lambda: time.sleep(4)),
            took(lambda: taken.acquire(timeout=4)),
            took(lambda: queue.Queue().get(timeout=4)),
            took(lambda: queue.SimpleQueue().get(timeout=4)),
            took(lambda: threading.Semaphore(0).acquire(timeout=4)),
        ]
"""


@pytest.mark.parametrize("mode", ["native", "stress"])
def test_sleeps_timeouts_and_clocks_are_scaled_alike(run: Run, mode: str) -> None:
    result = run(TIMED, mode=mode, time_scale=40, budget=Budget(executions=1))
    assert result.outcomes == {"[True, True, True, True, True, True]": 1}
    assert any("40 times as fast" in note for note in result.notes())


def test_a_program_that_takes_its_time_is_run_faster_by_itself(run: Run) -> None:
    source = """
        import time

        def main():
            start = time.monotonic()
            time.sleep(3)
            return time.monotonic() - start >= 3
    """
    result = run(source, budget=Budget(executions=1))
    assert (result.time_scale, result.outcomes) == (10.0, {"True": 1})


def test_a_scenario_may_set_its_own_time_scale(write: Write) -> None:
    program = write("""
        import os
        import time

        def main():
            start, start_of_the_wall_clock = time.monotonic(), os.times().elapsed
            time.sleep(5)
            ratio = (time.monotonic() - start) / (os.times().elapsed - start_of_the_wall_clock)
            return 4 < ratio < 6
    """)
    slow = Program(program.path, program.name, program.source, program.digest, None, {"time_scale": 5})
    result = stress(slow, mode="native", budget=Budget(executions=1))
    assert (result.time_scale, result.outcomes) == (5, {"True": 1})


# Load


def test_a_sweep_runs_main_with_each_value(write: Write) -> None:
    rows = sweep(write(PASSING), "threads", [1, 2, 5], mode="native", budget=Budget(executions=4))
    assert [(row.value, row.result.outcomes) for row in rows] == [(1, {"1": 4}), (2, {"2": 4}), (5, {"5": 4})]
    assert [dict(row.result.parameters) for row in rows] == [{"threads": 1}, {"threads": 2}, {"threads": 5}]
    with pytest.raises(TargetError, match=r"main\(\) has no parameter 'load', it takes threads"):
        sweep(write(PASSING), "load", [1], budget=Budget(executions=1))


def test_a_sweep_is_written_name_equals_values() -> None:
    assert parse_sweep("threads=2,4,8") == ("threads", [2, 4, 8])
    assert parse_sweep("kind=fifo, lifo") == ("kind", ["fifo", "lifo"])
    for text in ("threads", "=2", "threads=", "2=3"):
        with pytest.raises(ValueError, match="write NAME=VALUE"):
            parse_sweep(text)


# Honesty, and the slow way


def test_native_passes_with_a_gil_come_with_the_reason_why_they_say_little(run: Run) -> None:
    notes = run(PASSING).notes()
    assert [("the bug hides" in note) for note in notes] == [True] * GIL
    assert Interpreter("CPython", (3, 13, 0), True, 2).why_it_may_hide().startswith("With the GIL, CPython 3.10")
    assert Interpreter("CPython", (3, 13, 0), False, 2).why_it_may_hide() == ""
    assert str(Interpreter("CPython", (3, 13, 0), False, 1)) == "CPython 3.13.0t, free-threaded, no GIL, 1 core"


def test_stress_says_that_a_seed_is_no_witness(run: Run) -> None:
    notes = run(PASSING, mode="stress", seed=9).notes()
    assert notes == ["Seed 9 repeats these runs' pauses, not their schedules: only a witness does that."]


def test_without_fork_every_run_is_a_new_interpreter_and_comes_to_the_same(run: Run) -> None:
    assert run(PASSING, spawn=True, budget=Budget(executions=2)).outcomes == {"2": 2}
    hung = run(CROSSED_LOCKS, spawn=True, timeout=1.0, budget=Budget(executions=1), mode="stress")
    assert hung.outcomes == {"hung (blocked)": 1} and "held by alice since broken.py:5" in hung.message
    died = run("import os\ndef main():\n    print('bye')\n    os._exit(3)\n", spawn=True, budget=Budget(executions=1))
    assert died.outcomes == {"the process ended itself with exit status 3": 1} and died.output == "bye\n"


def test_options_that_make_no_sense_are_refused(write: Write) -> None:
    program = write(PASSING)
    for options, complaint in [
        ({"mode": "turbo", "budget": Budget(executions=1)}, "mode 'turbo' is not one of stress, native"),
        ({"timeout": 0, "budget": Budget(executions=1)}, "leaves no time to run"),
        ({"budget": Budget()}, "free threads need a budget"),
        ({"time_scale": 0, "budget": Budget(executions=1)}, "would make the clock stand still"),
    ]:
        with pytest.raises(ValueError, match=complaint):
            stress(program, **options)  # type: ignore[arg-type]


def _wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
