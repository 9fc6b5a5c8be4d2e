"""Runs in real children: why one hangs, what one may do, and that the lab outlives all of it."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.budget import Budget
from harness.children.progress import gets_on
from harness.children.repeatable import repeatable
from tests.free_runs import CROSSED_LOCKS, FORKS, GIL, LINUX, ROOT, Run, Write, lab

pytest_plugins = ["tests.free_runs"]


# Hangs


@pytest.mark.skipif(not LINUX, reason="certainty before the deadline is read from Linux' /proc")
def test_a_deadlock_is_certain_long_before_its_deadline(run: Run) -> None:
    result = run(CROSSED_LOCKS, timeout=60.0)
    assert result.outcomes == {"hung (blocked)": 3}
    assert result.seconds < 40
    assert {str(waiting) for waiting in result.stacks} == {
        "main waits at broken.py:16: alice.join() (in Thread.join), for alice to end",
        "alice waits at broken.py:7: with second:",
        "bob waits at broken.py:7: with second:",
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
        ("while True:\n        time.sleep(0.1)", "hung (spinning)", "main runs at broken.py:7: time.sleep(0.1)"),
        ("while not gate.acquire(timeout=0.1):\n        pass", "hung (spinning)", "main runs at broken.py:"),
        ("time.sleep(1000)", "unfinished", "main sleeps at broken.py:6: time.sleep(1000)"),
        ("for done in range(1000):\n        time.sleep(0.05)", "unfinished", "main runs at broken.py:"),
        ("sold = 0\n    while True:\n        sold += 1", "unfinished", "main runs at broken.py:"),
        (
            "end = time.monotonic() + 99\n    while time.monotonic() < end: pass",
            "unfinished",
            "main runs at broken.py:",
        ),
        ("import os\n    while not os.path.exists('/none/such'): pass", "unfinished", "main runs at broken.py:"),
        (
            "import asyncio\n    async def f():\n        while True: await asyncio.sleep(0.001)\n    asyncio.run(f())",
            "unfinished",
            "main runs at broken.py:9: asyncio.run(f())",
        ),
        ("sold = []\n    while True:\n        sold.append(len(sold))", "unfinished", "main runs at broken.py:"),
        ("os.read(os.pipe()[0], 1)", "hung (blocked)", "main waits at broken.py:6: os.read(os.pipe()[0], 1)"),
        ("while True:\n        print('x' * 1000)", "hung (spinning)", "main runs at broken.py:"),
    ],
)
def test_what_may_still_move_is_given_its_deadline_then_told_apart(run: Run, body: str, end: str, where: str) -> None:
    imports = "import os, time\nfrom threading import Lock\ngate = Lock()\ngate.acquire()"
    result = run(f"{imports}\ndef main():\n    {body}\n", timeout=0.7, budget=Budget(executions=1), time_scale=1)
    assert result.outcomes == {end: 1}
    assert str(result.stacks[0]).startswith(where)
    assert (result.failed, result.unfinished) == ((0, 1) if end == "unfinished" else (1, 0))
    assert result.seconds > 0.6


SLOTS = """
class Till:
    __slots__ = ("coins", "sold")
class Shop(Till):
    pass
shop = Shop()
shop.sold = 0
def main():
    while shop.sold >= 0: shop.sold += 1
"""

GENERATOR = """
def numbers():
    sold = 0
    while True:
        sold += 1
        yield sold
def main():
    for again in iter(lambda numbers=numbers(): next(numbers) > 0, False): pass
"""

ARRAY = """
from array import array
sold = array("q", [0])
def main():
    while sold[0] >= 0: sold[0] += 1
"""


@pytest.mark.parametrize("source", [SLOTS, GENERATOR, ARRAY], ids=["slots", "a generator", "an array"])
def test_what_gets_on_with_data_outside_of_dicts_is_unfinished(run: Run, source: str) -> None:
    assert run(source, timeout=0.7, budget=Budget(executions=1)).outcomes == {"unfinished": 1}


@given(st.lists(st.integers(), min_size=3, max_size=20, unique=True), st.data())
def test_what_grows_gets_on_and_what_comes_back_does_not(states: list[int], data: st.DataObject) -> None:
    stays = data.draw(st.lists(st.integers(1, 4), min_size=len(states), max_size=len(states)))
    course = [state for state, looks in zip(states, stays, strict=True) for _ in range(looks)]
    constant = {"gate": True}
    assert gets_on([{**constant, "sold": state} for state in course])
    assert not gets_on([{**constant, "turn": state} for state in [*course, course[0]]])
    assert not gets_on([constant] * len(course))


def test_a_switch_that_is_seldom_off_is_no_progress() -> None:
    courses = {"seldom": [1] * 18 + [0, 0], "once": [1] * 10 + [0] * 10, "local": [1, 2, 3]}
    looks = [{name: course[n] for name, course in courses.items() if n < len(course)} for n in range(20)]
    assert [name for name in courses if gets_on([{name: look.get(name)} for look in looks])] == ["once", "local"]
    assert not gets_on([{name: look[name] for name in ("seldom", "local") if name in look} for look in looks])


def test_a_fix_that_is_slow_is_not_called_hung(write: Write) -> None:
    program = write(
        "import time\ndef main():\n    for sold in range(100):\n        time.sleep(0.05)\n    return sold\n"
    )
    answer = lab("stress", f"{program.path}", "--native", "--budget", "1x", "--timeout", "0.5", "--time-scale", "1")
    assert answer.returncode == 3 and answer.stderr == "", "nor has it shown that it holds"
    assert answer.stdout.splitlines()[0].endswith("0/0 failed (1 unfinished): no run came to an end")
    assert "1 run was still getting on, or asleep, after 0.5 s (--timeout)" in " ".join(answer.stdout.split())


@pytest.mark.parametrize("mode", ["native", "stress"])
def test_threads_that_wait_inside_the_library_alone_are_told_by_their_target(run: Run, mode: str) -> None:
    source = """
        import queue
        import socket
        import threading

        def main():
            near, far = socket.socketpair()
            targets = {"getter": queue.Queue().get, "taker": threading.Semaphore(0).acquire}
            threads = [threading.Thread(target=target, name=name) for name, target in targets.items()]
            threads.append(threading.Thread(target=near.recv, args=(1,), name="reader"))
            threads.append(threading.Timer(1000, len))
            for thread in threads:
                thread.start()
            threads[-2].join()
    """
    result = run(source, mode=mode, timeout=0.5, budget=Budget(executions=1), time_scale=1)
    assert result.outcomes == {"unfinished": 1}, "a timer might still do something about it"
    assert [(w.thread.partition("-")[0], w.state, w.call, w.lock) for w in result.stacks] == [
        ("main", "waits", "Thread.join", ", for reader to end"),
        ("getter", "waits", "Queue.get", ""),
        ("taker", "waits", "Semaphore.acquire", ""),
        ("reader", "waits", "socket.recv", ""),
        ("Thread", "sleeps", "Timer.run", ""),
    ]


def test_a_thread_left_behind_is_waited_for_and_then_hangs_the_run(run: Run) -> None:
    source = """
        import threading

        def main(daemon):
            threading.Thread(target=threading.Event().wait, name="bob", daemon=daemon).start()
            return "done"
    """
    left = run(source, parameters={"daemon": False}, timeout=0.5)
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
@pytest.mark.skipif(not LINUX, reason="only Linux tells what a thread waits in")
@pytest.mark.parametrize(("call", "end"), [("pause()", "hung (blocked)"), ("sleep(1000)", "unfinished")])
def test_a_thread_that_lets_no_other_run_is_killed_from_outside(run: Run, call: str, end: str) -> None:
    source = f"""
        import ctypes

        def main():
            ctypes.PyDLL(None).{call}
    """
    result = run(source, timeout=0.3, time_scale=1, budget=Budget(executions=1))
    assert result.outcomes == {end: 1}
    if GIL and call == "pause()":
        assert result.message == "one thread lets no other run, not even the watchdog: killed from outside, no stacks"


@pytest.mark.skipif(not LINUX, reason="only Linux tells what a thread waits in")
@pytest.mark.parametrize(
    ("wait", "end"),
    [
        ("select.select([one], [], [], 1000)", "unfinished"),
        ("select.select([one], [], [])", "hung (blocked)"),
        ("poll.poll(1_000_000)", "unfinished"),
        ("poll.poll()", "hung (blocked)"),
        ("selectors.DefaultSelector().select(1000)", "unfinished"),
    ],
)
def test_who_waits_for_a_descriptor_with_a_limit_is_asleep(run: Run, wait: str, end: str) -> None:
    source = f"""
        import select, selectors, socket

        def main():
            one, other = socket.socketpair()
            poll = select.poll()
            poll.register(one)
            poll.modify(one, select.POLLIN)
            {wait}
    """
    assert run(source, timeout=0.3, time_scale=1, budget=Budget(executions=1)).outcomes == {end: 1}


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


@pytest.mark.skipif(not LINUX, reason="limits of addresses")
def test_a_leak_costs_the_run_and_not_the_machine(run: Run) -> None:
    source = """
        import resource

        def main():
            return 0 < resource.getrlimit(resource.RLIMIT_AS)[0] < 1 << 40
    """
    assert run(source).outcomes == {"True": 3}


@pytest.mark.skipif(not FORKS, reason="forks")
def test_a_run_that_kills_what_started_it_is_told_in_one_line(write: Write) -> None:
    program = write("import os\ndef main():\n    os.kill(os.getppid(), 9)\n")
    answer = lab("stress", str(program.path), "--budget", "2x", "--jobs", "1")
    assert (answer.returncode, answer.stdout) == (4, "")
    why = "killed by SIGKILL: by the program, or because memory is short"
    assert answer.stderr == f"harness: the process that starts the runs was {why}\n"


def test_a_traceback_that_is_kept_shows_the_program_and_not_the_harness(run: Run) -> None:
    source = """
        import threading

        def main():
            bob = threading.Thread(target=[].pop, name="bob")
            bob.start()
            bob.join()
            raise ValueError("enough")
    """
    for mode in ("native", "stress"):
        output = run(source, mode=mode, budget=Budget(executions=1)).output
        assert "IndexError: pop from empty list" in output and "ValueError: enough" in output
        assert "harness" not in output


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
    # What is started in the background of a script begins with SIGINT ignored.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler);"
    code += "from harness.stress import *; from harness.world.program import load_program;" + (
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
        ("import os, sys\ndef main(): return os.path.join(os.sep, sys.platform), os.environ.get('HOME')", True),
        ("import os.path as paths\nfrom os import getpid\ndef main(): print(getpid(), paths.sep)", True),
        ("import sys\nif sys.version_info > (3, 12): print('new', file=sys.stderr); sys.stdout.write('')", True),
        ("import os\ndef main(): os.chdir('/')", False),
        ("import os\ndef main(): os.environ['HOME'] = '/'", False),
        ("import os\ndef main(settings=os.environ): settings.clear()", False),
        ("import os as system\ndef main(): system.umask(0)", False),
        ("import os\ndef main(): return help(os)", False),
        ("from os import dup2", False),
        ("from os import *", False),
        ("import sys\ndef main(): sys.setswitchinterval(1)", False),
        ("import sys\nsys.stdout = None", False),
        ("import sys\ndef main(): sys.stdout.close()", False),
        ("import sys\ndef main(out=sys.stdout): out.close()", False),
        ("from sys import stdout", False),
        ("import threading\ndef main(): threading._active.clear()", False),
        ("from . import shop", False),
        ("import threading\nthreading.Lock = None", False),
        ("import threading\nthreading.Thread.run = None", False),
        ("import shop\nshop.stock['tea'] = 5", False),
        ("from threading import Thread as T\nsetattr(T, 'run', None)", False),
        ("def main(): print('hello')", True),
        ("class C:\n    def __del__(self): pass", False),
        ("import threading\ndef main(): threading.stack_size(10**6)", False),
        ("from traceback import print_exc", True),
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
            names = [threading.current_thread().name]
            threading.current_thread().name = "till"
            thread = threading.Thread(target=lambda: names.append(threading.current_thread().name))
            thread.start()
            thread.join()
            return len(runs), len(shop.orders), names
    """
    result = run(source, beside={"shop": "orders = []\n"}, budget=Budget(executions=60))
    assert result.outcomes == {"(1, 1, ['MainThread', 'Thread-1 (<lambda>)'])": 60}


def test_a_failed_run_shows_what_it_has_printed_and_nothing_of_those_before_it(run: Run) -> None:
    source = """
        import os
        import random

        def main():
            number = random.randrange(20)
            print("run", number, "in", os.getpid(), end=" ")
            assert number != 7
            return os.getpid()
    """
    result = run(source, budget=Budget(executions=200), until=1)
    assert result.first_failure is not None and result.first_failure > 1
    assert len(result.outcomes) == 2, "the runs shared a process"
    assert result.output.startswith("run 7 in ") and result.output.count("run ") == 1


def _wait_until(true: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "waited too long"
        time.sleep(0.02)
