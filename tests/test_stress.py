"""What free threads come to: counted, bounded by a budget, on a scaled clock, under load, said honestly."""

from __future__ import annotations

import json
import textwrap
from pathlib import Path

import pytest

from harness.budget import Budget
from harness.children.interpreter import Interpreter
from harness.children.timed import by_the_clock
from harness.report.free import stress_text
from harness.report.text import Style
from harness.stress import parse_sweep, parse_until, stress, sweep
from harness.world.program import Program, TargetError
from tests.free_runs import CROSSED_LOCKS, GIL, PASSING, Run, Write, lab

pytest_plugins = ["tests.free_runs"]


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


def test_the_histogram_shows_each_result_with_what_the_oracle_says_of_it(run: Run) -> None:
    source = """
        import random
        def main():
            return random.randrange(10)
    """
    found = run(source, "def check(result):\n    assert result != 2\n", budget=Budget(executions=100))
    text = stress_text(found, Style()).splitlines()
    drawn = [line.split() for line in text if "#" in line]
    assert [line[-1] for line in drawn] == ["violated" if line[-3] == "2" else "allowed" for line in drawn]
    rest = found.histogram[8:]
    words = "2 other results" + (", 1 of them not allowed" if not all(bar.allowed for bar in rest) else "")
    assert f"{sum(bar.count for bar in rest):>17}  {words}" in text


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


@pytest.mark.parametrize(
    ("source", "timed"),
    [
        ("import time\nbegan = time.monotonic()", True),
        ("import time as clock\nThread(target=clock.sleep)", True),
        ("from time import sleep as nap\nnap(5)", True),
        ("from time import *", True),
        ("from threading import Timer\nTimer(5, print)", True),
        ("from datetime import datetime\nstamp = datetime.now()", True),
        ("import asyncio\nasync def main(): await asyncio.sleep(5)", True),
        ("threading.Timer(5, print)", True),
        ("lock.acquire(timeout=limit)", True),
        ("lock.acquire(True, 5)", True),
        ("event.wait(limit)", True),
        ("condition.wait_for(ready, 5)", True),
        ("future.result(5)", True),
        ("orders.get(True, 5)", True),
        ("thread.join(0.5)", True),
        ("# at the same time: sleep, or wait for a timeout", False),
        ("import time, sched, asyncio, datetime, signal", False),
        ("from time import sleep\nfrom threading import Timer", False),
        ("import time\nif __name__ == '__main__': print(time.time())", False),
        ("import datetime\nday = datetime.date(2024, 2, 29)", False),
        ("import time\nday = time.strptime('2024', '%Y')", False),
        ("lock.acquire(False)", False),
        ("condition.wait_for(ready)", False),
        ("orders.put(order); orders.get()", False),
        ("prices.get(name, 0)", False),
        ("', '.join(names); thread.join()", False),
    ],
)
def test_a_program_goes_by_the_clock_if_it_asks_for_the_time_or_waits_with_a_limit(source: str, timed: bool) -> None:
    assert by_the_clock(source) is timed


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
            time.sleep(2)
            ratio = (time.monotonic() - start) / (os.times().elapsed - start_of_the_wall_clock)
            return 4 < ratio < 6
    """)
    slow = Program(program.path, program.name, program.source, program.digest, None, {"time_scale": 5})
    result = stress(slow, mode="native", budget=Budget(executions=1))
    assert (result.time_scale, result.outcomes) == (5, {"True": 1})


# Load


def test_a_sweep_runs_main_with_each_value(write: Write) -> None:
    rows = list(sweep(write(PASSING), "threads", [1, 2, 5], mode="native", budget=Budget(executions=4)))
    assert [(row.value, row.result.outcomes) for row in rows] == [(1, {"1": 4}), (2, {"2": 4}), (5, {"5": 4})]
    assert [dict(row.result.parameters) for row in rows] == [{"threads": 1}, {"threads": 2}, {"threads": 5}]


def test_a_sweep_is_written_name_equals_values() -> None:
    assert parse_sweep("threads=2,4,8") == ("threads", [2, 4, 8])
    assert parse_sweep("kind='fifo', \"lifo\"") == ("kind", ["fifo", "lifo"])
    for text in ("threads", "=2", "threads=", "2=3", "threads=two", "threads=2,,4", "threads=[2]", "threads=2)+(3"):
        with pytest.raises(ValueError, match="write NAME=VALUE"):
            parse_sweep(text)
    assert parse_sweep("delay=0.5, 2") == ("delay", [0.5, 2])
    assert parse_sweep("fair=True,False") == ("fair", [True, False])
    for text in ("threads=0", "threads=2,-1", "delay=0.0", "threads=2,1e999"):
        with pytest.raises(ValueError, match="numbers have to be above 0, and finite"):
            parse_sweep(text)
    with pytest.raises(ValueError, match="has 4 twice"):
        parse_sweep("threads=4,8,4")


LOADED = """
    import threading

    def main(threads=2, iterations=1):
        workers = [threading.Thread(target=len, args=("",)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert threads * iterations < 8, "too much"
        return threads
"""


def test_a_sweep_is_a_table_and_a_chart(write: Write) -> None:
    answer = lab("stress", str(write(LOADED).path), "--native", "--budget", "5x", "--sweep", "threads=1,4,8")
    table = answer.stdout.splitlines()[2:6]
    assert table == [
        "  threads  runs                  rate (95%)        0%                  100%",
        "        1  0/5 failed            below 46%         -----------",
        "        4  0/5 failed            below 46%         -----------",
        "        8  5/5 failed            100% [55–100]     ########################",
    ]
    assert "first    run 1 with threads=8: AssertionError: too much" in answer.stdout
    assert (answer.returncode, answer.stderr) == (1, "")


def test_a_sweep_as_json_has_the_document_of_every_series(write: Write, tmp_path: Path) -> None:
    options = ("--budget", "2x", "--sweep", "iterations=1,10", "--jsonl", str(tmp_path / "rows"))
    answer = lab("stress", str(write(LOADED).path), "--native", "--json", *options)
    document = json.loads(answer.stdout)
    assert (document["sweep"], document["values"]) == ("iterations", [1, 10])
    assert [(row["parameters"], row["failed"]) for row in document["rows"]] == [
        ({"iterations": 1}, 0),
        ({"iterations": 10}, 2),
    ]
    assert [json.loads(line) for line in (tmp_path / "rows").read_text().splitlines()] == document["rows"]


@pytest.mark.parametrize(
    ("sweeps", "complaint"),
    [
        (("load=1,2",), "main() has no parameter 'load', it takes threads, iterations"),
        (("threads=two",), "--sweep: sweep 'threads=two' is not understood: write NAME=VALUE,VALUE,… as"),
        (("threads=1", "iterations=1"), "one --sweep at a time: the others' parameters keep their defaults"),
    ],
)
def test_a_sweep_that_cannot_be_is_refused_in_one_line(write: Write, sweeps: tuple[str, ...], complaint: str) -> None:
    options = [word for text in sweeps for word in ("--sweep", text)]
    answer = lab("stress", str(write(LOADED).path), "--budget", "1x", *options)
    assert (answer.returncode, answer.stdout, answer.stderr.count("\n")) == (2, "", 1)
    assert complaint in answer.stderr


@pytest.mark.parametrize(
    ("program", "parameters", "complaint"),
    [
        ("    def main():\n        pass\n", {"threads": 1}, "main() has no parameter 'threads', it takes none"),
        ("    main = 5\n", {"threads": 1}, "no main(): a target is a Python file that defines main()"),
        ("    def main(a, b):\n        pass\n", {"a": 1}, "main() must be callable with a only: missing a required"),
        (LOADED, {"threads": 10.0}, "main(threads=2) takes no 10.0: it is of another kind than the default"),
        (LOADED, {"threads": "2"}, "main(threads=2) takes no '2': it is of another kind than the default"),
    ],
)
def test_a_main_that_takes_no_such_parameter_is_no_target(
    run: Run, program: str, parameters: dict[str, object], complaint: str
) -> None:
    with pytest.raises(TargetError) as error:
        run(program, parameters=parameters)
    assert complaint in str(error.value)


# Honesty, and the slow way


def test_native_passes_with_a_gil_come_with_the_reason_why_they_say_little(run: Run) -> None:
    notes = run(PASSING).notes()
    assert [note.startswith("With the GIL" if GIL else "Without the GIL") for note in notes] == [True]
    assert Interpreter("CPython", (3, 13, 0), True, 2).why_it_may_hide().startswith("With the GIL, CPython 3.10")
    assert "threads run side by side" in Interpreter("CPython", (3, 13, 0), False, 2).why_it_may_hide()
    assert str(Interpreter("CPython", (3, 13, 0), False, 1)) == "CPython 3.13.0t, free-threaded, no GIL, 1 core"


def test_stress_says_that_a_seed_is_no_witness(run: Run) -> None:
    notes = run(PASSING, mode="stress", seed=9).notes()
    assert notes == ["Seed 9 repeats these runs' inputs (pauses, random numbers), only a witness repeats a schedule."]


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
