"""What a program can do to the process that it runs in: never a verdict that is not true, never a harness that breaks.

Beside test_robustness.py, which has what blocks, spins and leaves: here programs put something else in place of what
the lab needs itself, or have the lab call them where it only wants to look. `*` stands for any line.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from textwrap import dedent
from typing import Any, NamedTuple

import pytest

from harness.budget import Budget
from harness.children.parents import Parents
from harness.explore import Exploration, Options, explore
from harness.memory import ADDRESSES
from harness.stress import stress
from harness.worker import WAITING, Worker
from harness.world.program import Program, load_program
from tests.free_runs import GIL

pytest_plugins = ["tests.free_runs"]
pytestmark = pytest.mark.together

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT = 1.0
"""Seconds for an execution or a run."""

LIMIT = f"a program may take {ADDRESSES >> 30} GiB of addresses here, stacks of threads included"

SPARE = 40.0
"""Seconds beyond it after which a command counts as hanging: this machine may be busy with other things."""


class Case(NamedTuple):
    """A program; outcome and message of `explore`; and what its run with free threads comes to, if that is asked."""

    source: str
    outcome: str
    message: str
    text: str = ""


CASES = {
    "a hook for uncaught exceptions that raises": Case(
        """\
        import sys
        import threading

        def hook(args):
            raise ValueError("in the hook")

        def main():
            threading.excepthook = sys.excepthook = hook
            thread = threading.Thread(target=int, args=("x",), name="parser")
            thread.start()
            thread.join()
        """,
        "crashed",
        "parser: ValueError: invalid literal for int() with base 10: 'x'",
        "ValueError: invalid literal for int() with base 10: 'x'",
    ),
    "a hook for uncaught exceptions that keeps them": Case(
        """\
        import threading

        def main():
            kept = []
            threading.excepthook = kept.append
            thread = threading.Thread(target=int, args=("x",), name="parser")
            thread.start()
            thread.join()
            return len(kept)
        """,
        "crashed",
        "parser: ValueError: invalid literal for int() with base 10: 'x'",
        "ValueError: invalid literal for int() with base 10: 'x'",
    ),
    "what is to be done at exit raises": Case(
        """\
        import threading

        def main():
            threading._register_atexit(lambda: 1 / 0)
            return "fine"
        """,
        "passed",
        "",
    ),
    "an alarm that ends a wait": Case(
        """\
        import signal
        import threading

        def main():
            def late(number, frame):
                raise TimeoutError

            signal.signal(signal.SIGALRM, late)
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            lock = threading.Lock()
            try:
                with lock, lock:
                    pass
            except TimeoutError:
                return "late"
        """,
        "inconclusive",
        "nothing goes on but for an alarm that MainThread has set (file:9): it is the host's",
        "'late'",
    ),
    "an alarm that would end a wait later": Case(
        """\
        import signal
        import threading

        def main():
            signal.signal(signal.SIGALRM, lambda number, frame: lock.release())
            signal.alarm(60)
            lock = threading.Lock()
            with lock:
                lock.acquire()
        """,
        "inconclusive",
        "nothing goes on but for an alarm that MainThread has set (file:6): it is the host's",
        "unfinished",
    ),
    "an alarm in case of need": Case(
        """\
        import signal
        import threading

        def main():
            signal.alarm(60)
            thread = threading.Thread(target=signal.getitimer, args=(signal.ITIMER_REAL,))
            thread.start()
            thread.join()
            return signal.alarm(0)
        """,
        "passed",
        "",
    ),
    "an interrupt from itself": Case(
        """\
        import os
        import signal

        def main():
            os.kill(os.getpid(), signal.SIGINT)
        """,
        "crashed",
        "MainThread: KeyboardInterrupt (file:5)",
    ),
    "an interrupt from another thread": Case(
        """\
        import _thread
        import threading

        def main():
            thread = threading.Thread(target=_thread.interrupt_main, name="worker")
            thread.start()
            thread.join()
        """,
        "inconclusive",
        "worker sends SIGINT to the main thread; its handler would run while another thread does, and the lab"
        " schedules threads, not signals",
    ),
    "another program in its place": Case(
        """\
        import os

        def main():
            os.execvp("sleep", ["sleep", "60"])
        """,
        "inconclusive",
        "MainThread calls os.execv (file:4, in <frozen os>.execvp), which puts another program in the place of the"
        " lab's",
        "unfinished",
    ),
    "every descriptor written to": Case(
        """\
        import os

        def main():
            for descriptor in range(3, 40):
                try:
                    os.write(descriptor, b"something of the program's\\n")
                except OSError:
                    pass
        """,
        "inconclusive",
        "the program wrote into the lab's pipe",
        "unfinished: the program wrote into the lab's pipe",
    ),
    "every descriptor closed": Case(
        """\
        import os

        def main():
            os.closerange(0, 1024)
        """,
        "inconclusive",
        "the program took away what the lab needs to be heard: MainThread was at file:4",
        "unfinished: the program took away what the lab needs to be heard",
    ),
    "no builtins, no modules": Case(
        """\
        import builtins
        import sys

        def main():
            sys.modules.clear()
            vars(builtins).clear()
        """,
        "inconclusive",
        "the program took away what the lab needs to be heard",
        "unfinished: the program took away what the lab needs to be heard",
    ),
    "no standard streams, no imports, no depth": Case(
        """\
        import sys
        import threading

        class Nothing:
            def find_spec(self, name, path, target=None):
                raise RuntimeError("there is no " + name)

        def main():
            del sys.stdin, sys.stdout, sys.stderr
            sys.meta_path.insert(0, Nothing())
            sys.setrecursionlimit(50)
            return "fine"
        """,
        "passed",
        "",
    ),
    "the host's clock broken": Case(
        """\
        import sys

        def main():
            clock = sys.modules["time"]
            clock.monotonic = clock.perf_counter = clock.sleep = lambda *_: 1 / 0
            return "fine"
        """,
        "passed",
        "",
    ),
    "the library's threads broken": Case(
        """\
        import sys
        import threading

        def main():
            for module in (threading, sys.modules["threading"]):
                for name in [name for name in vars(module) if not name.startswith("__")]:
                    delattr(module, name)
            return "fine"
        """,
        "passed",
        "",
        "unfinished: the lab could not go on in the program's process, AttributeError: *",
    ),
    "a class that lets nobody look": Case(
        """\
        import threading

        class Shy(type):
            def __getattribute__(cls, name):
                raise RuntimeError(name)

        class Thing(metaclass=Shy):
            pass

        def main():
            things = []
            threads = [threading.Thread(target=things.append, args=(Thing,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            return len(things)
        """,
        "inconclusive",
        "RuntimeError comes out of the program (file:5) where the lab does work of its own",
    ),
    "a result that leaves": Case(
        """\
        class Leaves:
            def __repr__(self):
                raise SystemExit(3)

        def main():
            return Leaves()
        """,
        "passed",
        "",
        "<Leaves, whose repr raised SystemExit>",
    ),
    "a text without end": Case(
        """\
        def main():
            raise ValueError("x" * 1_000_000)
        """,
        "crashed",
        f"MainThread: ValueError: {'x' * 999}… (file:2)",
        f"ValueError: {'x' * 488}",
    ),
    "more memory than it may have": Case(
        """\
        def main():
            return len(bytearray(10**11))
        """,
        "inconclusive",
        f"MainThread: MemoryError (file:2); {LIMIT}",
        f"unfinished: MemoryError; {LIMIT}",
    ),
    "a sleep outside": Case(
        """\
        import asyncio

        def main():
            asyncio.run(asyncio.sleep(1000))
        """,
        "inconclusive",
        "MainThread is blocked outside of the lab's control (file:4, in runners.run), for 1 s",
        "unfinished",
    ),
    "a thread of the host's": Case(
        """\
        import sys
        import threading

        def main():
            done = threading.Event()
            sys.modules["_thread"].start_new_thread(done.set, ())
            done.wait()
        """,
        "inconclusive",
        "MainThread starts a thread outside of the lab, for it is not the lab's module that it asks (file:6)",
    ),
    "what streams and locks can do anywhere": Case(
        """\
        import copy
        import sys
        import threading

        def main():
            assert sys.stdout.fileno() in (1, 2)
            try:
                copy.copy(threading.Lock())
            except TypeError:
                return "fine"
        """,
        "passed",
        "",
        "'fine'",
    ),
    "more data than can be looked at in time": Case(
        """\
        import threading

        def main():
            data = [[number] for number in range(500_000)]
            lock = threading.Lock()
            lock.acquire()
            while not lock.acquire(blocking=False):
                pass
            return data
        """,
        "inconclusive",
        "MainThread is at step *: one execution takes more than 1 s",
    ),
    "a thread of C code's": Case(
        """\
        import ctypes
        import threading

        done = threading.Event()
        library = ctypes.CDLL(None)

        @ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)
        def finish(_):
            library.usleep(200_000)
            done.set()

        def main():
            library.pthread_create(ctypes.byref(ctypes.c_ulong()), None, finish, None)
            done.wait()
            return "fine"
        """,
        "inconclusive",
        "all wait, but a thread that is not the lab's is at work in this process",
        "'fine'",
    ),
}


@pytest.fixture(scope="module")
def answers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Future[Exploration]]]:
    """What a search says of each program, a few at a time, since most of each is waiting."""
    directory = tmp_path_factory.mktemp("programs")
    with ThreadPoolExecutor(3) as pool:
        yield {name: pool.submit(search, written(directory, name)) for name in CASES}


def written(directory: Path, name: str) -> Program:
    path = directory / (re.sub(r"\W", "_", name) + ".py")
    path.write_text(dedent(CASES[name].source))
    return load_program(path)


def search(program: Program) -> Exploration:
    return explore(program, Options(budget=Budget(executions=5), timeout=TIMEOUT))


SLOWLY = {"more data than can be looked at in time"}
"""Without the GIL the watchdog's look at the stacks comes too late there, and the parent has the last word."""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are guarded where they can be forked")
@pytest.mark.parametrize("name", CASES if GIL else CASES.keys() - SLOWLY)
def test_the_lab_says_what_is_true_of_a_program_that_spoils_its_process(
    name: str, answers: dict[str, Future[Exploration]]
) -> None:
    case, found = CASES[name], answers[name].result()
    message = re.sub(r"\w+\.py(?=:\d)", "file", found.message)
    message = re.sub(r"file:\d+", "file:*", message) if "file:*" in case.message else message
    message = re.sub(r"(?<=at step )[\d,]+( \(file:\d+\))?", "*", message)
    if "the lab's pipe" in message:  # it may have written over where it was as well
        message = re.sub(r": MainThread was at file:\d$", "", message)
    assert (found.outcome.value, message) == (case.outcome, case.message)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="runs share nothing where processes can be forked")
@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.text])
def test_free_threads_are_counted_by_what_is_true_of_them(name: str, tmp_path: Path, parents: Parents) -> None:
    options: dict[str, Any] = {"budget": Budget(executions=1), "timeout": TIMEOUT, "time_scale": 1, "parents": parents}
    (text,) = stress(written(tmp_path, name), **options).outcomes
    assert re.sub(r"(?<=AttributeError: ).*", "*", text) == CASES[name].text


class Endless:
    """What it is unpickled to is never there."""

    def __reduce__(self) -> tuple[Any, ...]:
        return spin, ()


def spin() -> None:
    while True:
        pass


def answering(setup: Any, send: Any) -> Any:
    return lambda request: request


@pytest.mark.skipif(not hasattr(os, "fork"), reason="workers are guarded where processes can be forked")
def test_the_watchdog_looks_from_the_moment_a_request_comes() -> None:
    worker, answers = Worker(answering, None, timeout=0.5), []
    for request in ("the first", Endless()):  # what executions have left may be collected then, and have finalizers
        worker.ask(request)
        answer = WAITING
        while answer is WAITING:
            ready, _, _ = select.select([worker.pipe], [], [], 0.1)
            answer = worker.hear(lambda body: None) if ready else worker.overdue()
        answers.append(getattr(answer, "message", answer))
    worker.end()
    assert answers == ["the first", "the program runs on without coming to a scheduling point, for 0.5 s"]


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="nobody tells which processes there are")
def test_a_process_that_has_left_its_family_ends_with_the_search(tmp_path: Path) -> None:
    path, noted = tmp_path / "daemon.py", tmp_path / "pids"
    path.write_text(
        dedent(f"""\
        import os

        def main():
            if not os.fork():
                os.setsid()
                if pid := os.fork():
                    with open({str(noted)!r}, "a") as file:
                        print(pid, file=file)
                else:
                    os.execvp("sleep", ["sleep", "600"])
                os._exit(0)
            os.wait()
        """)
    )
    found = search(load_program(path))
    started = [int(pid) for pid in noted.read_text().split()]
    until = time.monotonic() + 20  # a killed process is gone when the system comes round to it
    while any(map(runs, started)) and time.monotonic() < until:
        time.sleep(0.05)
    assert (found.outcome.value, len(started) > 1, [*filter(runs, started)]) == ("passed", True, [])


def runs(pid: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False


def test_a_program_that_is_no_file_is_no_target(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe.py", tmp_path / "loop.py"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    for path, why in ((pipe, "is a pipe or a device, not a Python file"), (loop, "cannot be read: ")):
        for command in ("explore", "stress"):
            done = subprocess.run(
                [sys.executable, "-m", "harness", command, str(path)],
                cwd=ROOT, capture_output=True, text=True, timeout=SPARE, stdin=subprocess.DEVNULL,
            )  # fmt: skip
            said = done.stderr.splitlines()
            assert (done.stdout, len(said), done.returncode) == ("", 1, 2)
            assert said[0].startswith(f"harness: {path}: {why}")


def shell(command: str, directory: Path) -> tuple[int, str]:
    """Exit code and standard error of a command line in which `harness` stands for how it is started."""
    harness = f"{sys.executable} -m harness"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command.replace("harness", harness),
        shell=True, cwd=directory, env=environment, capture_output=True, text=True, timeout=SPARE,
    )  # fmt: skip
    return done.returncode, done.stderr


@pytest.mark.parametrize("name", ["queue", "json", "threading"])
def test_a_module_that_hides_the_librarys_is_said_to(tmp_path: Path, name: str) -> None:
    (tmp_path / f"{name}.py").write_text("raise RuntimeError('mine')\n")
    (tmp_path / "prog.py").write_text(f"def main():\n    import {name}\n    return {name}.x\n")
    said = f"harness: prog.py: {name}.py beside it hides the standard library's {name}, which it imports: rename it\n"
    assert shell("harness explore prog.py", tmp_path) == (2, said)


def test_a_name_that_nothing_can_hide_may_be_a_programs(tmp_path: Path) -> None:
    (tmp_path / "time.py").write_text("raise RuntimeError('mine')\n")
    (tmp_path / "types.py").write_text("raise RuntimeError('not asked for')\n")
    (tmp_path / "prog.py").write_text("import time\n\ndef main():\n    time.sleep(1)\n")
    assert shell(f"harness explore {tmp_path}/prog.py", ROOT) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is full")
@pytest.mark.parametrize(
    ("command", "answer"),
    [
        ("harness explore prog.py > /dev/full", (4, "harness: the system refuses: No space left on device\n")),
        ("harness explore nothing.py 2> /dev/full", (2, "")),
        ("harness stress prog.py --budget 2x <&- >&- 2>&-", (0, "")),
        ("mkdir gone; cd gone; rmdir ../gone; harness stress ../prog.py; exit 0", (0, "")),
        ("ulimit -n 8; harness stress prog.py", (4, "harness: the system refuses: Too many open files\n")),
    ],
)
def test_what_the_system_refuses_is_one_line(tmp_path: Path, command: str, answer: tuple[int, str]) -> None:
    (tmp_path / "prog.py").write_text("def main():\n    return 'fine'\n")
    code, said = shell(command.replace("../prog.py", f"{tmp_path}/prog.py --budget 2x"), tmp_path)
    assert (code, said) == answer
