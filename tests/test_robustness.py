"""Nothing hangs, nothing dies: programs that do their worst, over the real command line, each with a deadline.

What is outside of the lab's control is `inconclusive`, in one sentence that names thread, file and line; what is
true of the program is a verdict like any other.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from harness.budget import Budget
from harness.explore import Options
from harness.explore import explore as search
from harness.memory import ADDRESSES
from harness.world.program import TargetError, load_program

pytestmark = pytest.mark.together

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 2.0
"""Seconds for an execution, where a case does not say otherwise."""

LIMIT = f"a program may take {ADDRESSES >> 30} GiB of addresses here, stacks of threads included"

SPARE = 40.0
"""Seconds beyond it after which a command counts as hanging: this machine may be busy with other things."""

ONE_AT_A_TIME = 3
"""Commands that run at once."""


@dataclass
class Case:
    """A program and what `explore` says of it: its outcome, and its message; `file:*` is any line."""

    source: str
    outcome: str
    message: str = ""
    results: dict[str, int] = field(default_factory=dict)
    timeout: float = TIMEOUT
    options: tuple[str, ...] = ()


CASES = {
    "an endless loop": Case(
        """\
        import threading

        def spin():
            while True:
                pass

        def main():
            thread = threading.Thread(target=spin, name="spinner")
            thread.start()
            thread.join()
        """,
        "inconclusive",
        "spinner runs on without coming to a scheduling point (file:4), for 2 s",
    ),
    "a socket": Case(
        """\
        import socket

        def main():
            with socket.socket() as listener:
                listener.bind(("127.0.0.1", 0))
                listener.listen()
                listener.accept()
        """,
        "inconclusive",
        "MainThread is blocked outside of the lab's control (file:7, in socket.accept), for 2 s",
    ),
    "a lock of the host": Case(
        """\
        import sys
        import threading

        def work(lock):
            with lock:
                with lock:
                    pass

        def main():
            lock = sys.modules["threading"].Lock()
            threading.Thread(target=work, args=(lock,), name="worker").start()
        """,
        "inconclusive",
        "worker is blocked outside of the lab's control (file:6), for 2 s",
    ),
    "C code that keeps the interpreter": Case(
        """\
        def main():
            return sum(range(10**12))
        """,
        "inconclusive",
        "the interpreter was held for 5 s and the worker was killed: MainThread was at file:2",
    ),
    "os._exit": Case(
        """\
        import os
        import threading

        def leave():
            os._exit(3)

        def main():
            thread = threading.Thread(target=leave, name="leaver")
            thread.start()
            thread.join()
        """,
        "inconclusive",
        "leaver calls os._exit(3) (file:5), which ends the lab's process",
    ),
    "sys.exit with a status": Case(
        """\
        import sys

        def main():
            sys.exit(3)
        """,
        "crashed",
        "MainThread: SystemExit: 3 (file:4)",
    ),
    "sys.exit in another thread": Case(
        """\
        import sys
        import threading

        def main():
            thread = threading.Thread(target=sys.exit, args=(3,))
            thread.start()
            thread.join()
            return "fine"
        """,
        "passed",
        results={"'fine'": 1},
    ),
    "a signal to itself": Case(
        """\
        import os
        import signal

        def main():
            os.kill(os.getpid(), signal.SIGSEGV)
        """,
        "inconclusive",
        "MainThread sends SIGSEGV to itself (file:5), which ends the lab's process",
    ),
    "a segmentation fault": Case(
        """\
        import ctypes
        import threading

        def read(address):
            return ctypes.string_at(address)

        def main():
            thread = threading.Thread(target=read, args=(0,), name="reader")
            thread.start()
            thread.join()
        """,
        "inconclusive",
        "the program killed its process with SIGSEGV: reader was at file:5",
    ),
    "runaway recursion": Case(
        """\
        def main():
            return main()
        """,
        "crashed",
        "MainThread: RecursionError: maximum recursion depth exceeded (file:2)",
    ),
    "runaway recursion through shared data": Case(
        """\
        import threading

        depth = 0

        def down():
            global depth
            depth += 1
            down()

        def main():
            threads = [threading.Thread(target=down, name=name) for name in ("ann", "bob")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        """,
        "inconclusive",
        "ann calls itself without end at file:7, until the lab has no room to schedule it",
        timeout=20,
    ),
    "a recursion as deep as Python allows": Case(
        """\
        import sys

        def down(calls):
            return calls and down(calls - 1)

        def main():
            return down(980)
        """,
        "passed",
        results={"0": 1},
    ),
    "10 MB of output": Case(
        """\
        import sys

        def main():
            for _ in range(10):
                print("x" * 1_000_000)
            sys.stdout.buffer.write(b"bytes, too")
            sys.stderr.write("and errors")
            return "fine"
        """,
        "passed",
        results={"'fine'": 1},
    ),
    "500 threads": Case(
        """\
        import threading

        def main():
            done = []
            threads = [threading.Thread(target=done.append, args=(n,)) for n in range(500)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return len(done)
        """,
        "passed",
        results={"500": 2},
        timeout=30,
        options=("--strategy", "random", "--budget", "2x"),
    ),
    "a leaked thread": Case(
        """\
        import threading

        def main():
            threading.Thread(target=threading.Event().wait, name="leaked").start()
            return "fine"
        """,
        "deadlock",
        "leaked waits for leaked to be set, and nobody is left to set it; "
        "MainThread has returned and waits for the other threads",
        results={"'fine'": 1},
    ),
    "a leaked daemon": Case(
        """\
        import threading

        def main():
            threading.Thread(target=threading.Event().wait, name="leaked", daemon=True).start()
            return "fine"
        """,
        "passed",
        results={"'fine'": 2},
    ),
    "a thread started at import": Case(
        """\
        import threading

        box = []
        early = threading.Thread(target=box.append, args=(1,), name="early")
        early.start()

        def main():
            early.join()
            return box
        """,
        "passed",
        results={"[1]": 1},
    ),
    "an exception in __del__": Case(
        """\
        class Messy:
            def __del__(self):
                raise ValueError("too late")

        def main():
            Messy()
            return "fine"
        """,
        "passed",
        results={"'fine'": 1},
    ),
    "memory without end": Case(
        """\
        def main():
            kept = []
            while True:
                kept.append(bytearray(b"x" * 1_000_000))
        """,
        "inconclusive",
        "MainThread takes more than 1 GiB of memory (file:4)",
        timeout=30,
    ),
    "memory of long texts": Case(
        """\
        import threading

        def grow():
            kept = []
            while True:
                kept.append("y" * 1_000_000)

        def main():
            thread = threading.Thread(target=grow, name="grows")
            thread.start()
            thread.join()
        """,
        "inconclusive",
        "grows takes more than 1 GiB of memory (file:6)",
        timeout=30,
    ),
    "numbers of thousands of digits": Case(
        """\
        import threading

        MANY = 10**6_000
        table = {MANY: 0}

        def multiply():
            table[MANY] += MANY

        def main():
            threads = [threading.Thread(target=multiply, name=name) for name in ("ann", "bob")]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert table[MANY] == 2 * MANY, "one of two was lost"
        """,
        "violated",
        "MainThread: assertion failed (file:15): one of two was lost",
        results={"None": 1},
    ),
    "memory at once": Case(
        """\
        def main():
            return len([0] * 10**10)
        """,
        "inconclusive",
        f"MainThread: MemoryError (file:2); {LIMIT}",
    ),
    "threads that catch everything": Case(
        """\
        import threading

        def stay(event):
            while True:
                try:
                    event.wait()
                except BaseException:
                    pass

        def main():
            event = threading.Event()
            thread = threading.Thread(target=stay, args=(event,), name="stubborn")
            thread.start()
            while True:
                try:
                    thread.join()
                except BaseException:
                    pass
        """,
        "deadlock",
        "stubborn waits for event to be set (file:6), and nobody is left to set it: MainThread waits itself; "
        "MainThread waits for stubborn to end (file:16)",
    ),
    "loops within loops that catch everything": Case(
        """\
        import threading

        def main():
            event = threading.Event()
            while True:
                try:
                    while True:
                        try:
                            event.wait()
                        except BaseException:
                            pass
                except BaseException:
                    pass
        """,
        "inconclusive",
        "MainThread cannot be ended, for it catches every exception (file:*), for 2 s",
    ),
    "a keyboard interrupt of its own": Case(
        """\
        import threading

        def interrupt():
            raise KeyboardInterrupt

        def main():
            thread = threading.Thread(target=interrupt, name="worker")
            thread.start()
            thread.join()
        """,
        "crashed",
        "worker: KeyboardInterrupt (file:4)",
        results={"None": 1},
    ),
    "an exception without a text": Case(
        """\
        class Mute(Exception):
            def __str__(self):
                raise ValueError("no words")

        def main():
            raise Mute
        """,
        "crashed",
        "MainThread: Mute: its text cannot be had, for ValueError is raised (file:6)",
    ),
    "a result that is never written down": Case(
        """\
        class Endless:
            def __repr__(self):
                while True:
                    pass

        def main():
            return Endless()
        """,
        "inconclusive",
        "MainThread runs on without coming to a scheduling point (file:*), for 2 s",
    ),
    "a signal to the lab": Case(
        """\
        import os
        import signal

        def main():
            os.kill(os.getppid(), signal.SIGTERM)
        """,
        "inconclusive",
        "MainThread sends SIGTERM to the lab's own processes (file:5)",
    ),
    "another program": Case(
        """\
        import subprocess
        import threading

        def main():
            thread = threading.Thread(target=subprocess.run, args=(["sleep", "60"],), name="runner")
            thread.start()
            thread.join()
        """,
        "inconclusive",
        "runner is blocked outside of the lab's control, for 2 s",
    ),
    "processes of a pool": Case(
        """\
        from concurrent.futures import ProcessPoolExecutor

        def main():
            with ProcessPoolExecutor(1) as pool:
                return pool.submit(pow, 2, 3).result()
        """,
        "inconclusive",
        "MainThread starts a thread outside of the lab, through concurrent.futures.process (file:5, in process.submit)"
        "; the lab controls one process",
    ),
    "builtins replaced": Case(
        """\
        import builtins

        def main():
            builtins.len = lambda value: 7
            return len([])
        """,
        "passed",
        results={"7": 1},
    ),
    "reading standard input": Case(
        """\
        def main():
            return input("name? ")
        """,
        "inconclusive",
        "MainThread reads standard input (file:2): there is nobody to answer it",
    ),
    "a child process that leaves at once": Case(
        """\
        import os

        def main():
            child = os.fork()
            if child == 0:
                os._exit(7)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        """,
        "passed",
        results={"7": 1},
    ),
    "a child process that goes on": Case(
        """\
        import os

        def main():
            os.fork()
        """,
        "inconclusive",
        "MainThread forked, and the child came to a scheduling point: the lab controls one process",
    ),
    "threads of a module that is not in the lab": Case(
        """\
        from multiprocessing.pool import ThreadPool

        def main():
            with ThreadPool(2) as pool:
                return pool.map(str, range(3))
        """,
        "inconclusive",
        "MainThread starts a thread outside of the lab, through multiprocessing.dummy (file:4, in pool.__init__)"
        "; --instrument multiprocessing brings it into the lab",
    ),
    "threads of an event loop": Case(
        """\
        import asyncio

        async def work():
            await asyncio.to_thread(print, 1)

        def main():
            asyncio.run(work())
        """,
        "inconclusive",
        "MainThread starts a thread outside of the lab, through asyncio.base_events (file:4, in threads.to_thread)"
        "; the lab schedules threads, not the tasks of an event loop",
    ),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Any]]]:
    """`explore --json` of every case, a few at a time, since most of each is waiting."""
    directory = tmp_path_factory.mktemp("programs")
    with ThreadPoolExecutor(ONE_AT_A_TIME) as pool:
        yield {name: pool.submit(explore, directory, name, case) for name, case in CASES.items()}


def explore(directory: Path, name: str, case: Case) -> dict[str, Any]:
    path = directory / (name.replace(" ", "_").replace(".", "_") + ".py")
    path.write_text(dedent(case.source))
    budget = () if "--budget" in case.options else ("--budget", "20x")
    command = [sys.executable, "-m", "harness", "explore", str(path), "--json", "--timeout", f"{case.timeout:g}"]
    done = subprocess.run(
        [*command, *budget, *case.options], cwd=ROOT, capture_output=True, text=True, timeout=case.timeout + SPARE,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip
    assert done.stderr == ""
    answer: dict[str, Any] = json.loads(done.stdout)
    answer["message"] = answer["message"].replace(path.name, "file")
    return answer


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are guarded where processes can be forked")
@pytest.mark.parametrize("name", CASES)
def test_a_program_that_does_its_worst_is_told_in_one_sentence(name: str, answers: dict[str, Future[Any]]) -> None:
    case, answer = CASES[name], answers[name].result()
    message = re.sub(r"file:\d+", "file:*", answer["message"]) if "file:*" in case.message else answer["message"]
    assert (answer["outcome"], message, answer["results"]) == (case.outcome, case.message, case.results)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nobody tells which processes there are")
def test_processes_that_a_program_has_started_end_with_their_worker(tmp_path: Path) -> None:
    noted = tmp_path / "pids"
    path = tmp_path / "detached.py"
    path.write_text(
        dedent(f"""\
        import subprocess

        def main():
            child = subprocess.Popen(["sleep", "600"], start_new_session=True)
            with open({str(noted)!r}, "a") as file:
                print(child.pid, file=file)
    """)
    )
    found = search(load_program(path), Options(budget=Budget(executions=2), timeout=20.0))
    assert found.outcome.value == "passed"
    started = [int(pid) for pid in noted.read_text().split()]
    until = time.monotonic() + 20  # a killed process is gone when the system comes round to it
    while any(map(_runs, started)) and time.monotonic() < until:
        time.sleep(0.05)
    assert (len(started) > 1, [pid for pid in started if _runs(pid)]) == (True, [])


def _runs(pid: int) -> bool:
    with contextlib.suppress(OSError):
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    return False


@pytest.mark.parametrize("line", ["import sys; sys.exit(3)", "raise KeyboardInterrupt"])
def test_a_program_that_leaves_while_it_is_loaded_is_no_target(tmp_path: Path, line: str) -> None:
    path = tmp_path / "leaves.py"
    path.write_text(f"{line}\ndef main(): pass\n")
    with pytest.raises(TargetError, match="leaves.py:1: (SystemExit: 3|KeyboardInterrupt: )"):
        search(load_program(path), Options(budget=Budget(executions=2), timeout=20.0))


def test_a_lost_worker_costs_nothing_but_itself(tmp_path: Path) -> None:
    outcomes = []
    for name, source in (("first", "import os\ndef main(): os._exit(3)"), ("second", "def main(): return 'fine'")):
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        found = search(load_program(path), Options(budget=Budget(executions=5), timeout=20.0))
        outcomes.append((found.outcome.value, found.results))
    assert outcomes == [("inconclusive", {}), ("passed", {"'fine'": 1})]
