"""Jobs in child processes: each comes to a result, an exception or a reason, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from harness.campaign import Job, Lost, Raised, run

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def outcomes(*calls: Callable[[], Any], deadline: float | None = None, workers: int = 2) -> list[Any]:
    """What the calls came to, in their own order."""
    jobs = [Job(number, call, deadline) for number, call in enumerate(calls)]
    ended = {job.key: result for job, result in run(jobs, workers)}
    return [ended[number] for number in range(len(calls))]


def leave(code: int) -> None:
    os._exit(code)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def alive(pid: int) -> bool:
    """True unless the process is gone or only waits to be reaped."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


needs_proc = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are looked at in /proc")


def test_results_of_any_size_come_back() -> None:
    assert outcomes(lambda: 1, lambda: "x" * 3_000_000, lambda: None) == [1, "x" * 3_000_000, None]


def test_an_exception_comes_back_with_the_place_it_came_from() -> None:
    def fail() -> None:
        raise ValueError("no such order")

    (raised,) = outcomes(fail)
    assert isinstance(raised, Raised)
    assert repr(raised.error) == "ValueError('no such order')"
    assert "in fail" in "".join(raised.error.__notes__)


def test_a_result_that_cannot_be_sent_is_an_exception() -> None:
    (raised,) = outcomes(lambda: lambda: 1)
    assert isinstance(raised, Raised)


def test_a_child_that_dies_costs_its_own_job_only() -> None:
    assert outcomes(lambda: leave(3), die, lambda: "fine") == [
        Lost("its process ended with exit code 3"),
        Lost("its process was killed by SIGKILL"),
        "fine",
    ]


def test_a_child_past_its_deadline_is_killed() -> None:
    began = time.monotonic()
    assert outcomes(lambda: time.sleep(60), deadline=0.3) == [Lost("no result after 0.3 s")]
    assert time.monotonic() - began < 10


@needs_proc
def test_what_a_child_started_does_not_outlive_it() -> None:
    (pid,) = outcomes(lambda: subprocess.Popen(SLEEP).pid)
    time.sleep(0.1)
    assert not alive(pid)


@needs_proc
def test_no_child_is_left_when_the_work_is_given_up(tmp_path: Path) -> None:
    def linger() -> None:
        (tmp_path / str(os.getpid())).touch()
        time.sleep(60)

    work = run([Job("quick", lambda: 1), Job("slow", linger)], 2)
    next(work)
    until = time.monotonic() + 10
    while not list(tmp_path.iterdir()) and time.monotonic() < until:
        time.sleep(0.01)
    work.close()
    assert [alive(int(path.name)) for path in tmp_path.iterdir()] == [False]


def test_no_more_than_the_given_number_work_at_a_time() -> None:
    began: list[Any] = []
    ended: list[Any] = []
    most = 0

    def started(job: Job) -> None:
        nonlocal most
        began.append(job.key)
        most = max(most, len(began) - len(ended))

    for job, _ in run([Job(n, lambda: time.sleep(0.02)) for n in range(6)], 2, started):
        ended.append(job.key)
    assert (sorted(ended), most) == (list(range(6)), 2)
