"""A new interpreter for every run, where a process cannot fork (or is asked not to). Slow, and otherwise the same.

The child keeps its own deadline, for its parent cannot wait for several things at once on every system: threads do
the waiting here, in the child below `threading`, in the parent openly, since this parent never forks.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
import time
from _thread import start_new_thread
from collections.abc import Callable
from typing import IO

from harness.children.child import EXPLAIN, LOOK, LOOKS, SAMPLE, Child, end_own_group
from harness.children.interpreter import command
from harness.children.job import End, Job, Run
from harness.children.performance import Stage

OUTPUT = 4000  # characters of a failed run's output that are kept
START = 20.0  # seconds an interpreter may take to start and to answer, beyond the run's own


def run_spawned(job: Job, number: int) -> Run:
    """One run in a new process, from the parent's side."""
    child = subprocess.Popen(
        command("harness.children.spawning", "live"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdin is not None and child.stdout is not None and child.stderr is not None
    output = bytearray()
    reader = threading.Thread(target=_drain, args=(child.stderr, output), daemon=True)
    reader.start()
    killer = threading.Timer(job.timeout + START, child.kill)
    killer.start()
    started = time.monotonic()
    try:
        child.stdin.write(f"{number}\n{job.to_json()}\n".encode())
        child.stdin.flush()
        ready = child.stdout.readline()
        line = child.stdout.readline()
    except OSError:
        ready = line = b""
    killer.cancel()
    child.stdin.close()  # the order to end, for whatever is left of it
    _end_group(child)
    status = child.wait()
    reader.join(1)
    text = output.decode("utf-8", "replace")[:OUTPUT]
    if not ready:
        raise RuntimeError(f"a new interpreter did not get as far as the program: {text}")
    if line:
        return Run.from_json({**json.loads(line)["run"], "output": text})
    if time.monotonic() - started >= job.timeout + START:
        return Run(number, End.UNFINISHED, str(End.UNFINISHED), "killed from outside, no stacks", job.timeout, text)
    how = f"the process ended itself with exit status {status}"
    return Run(number, End.CRASHED, how, how, time.monotonic() - started, text)


def _end_group(child: subprocess.Popen[bytes]) -> None:
    try:
        if hasattr(os, "killpg"):
            os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def _drain(stream: IO[bytes], kept: bytearray) -> None:
    while chunk := os.read(stream.fileno(), 65536):
        if len(kept) < OUTPUT:
            kept += chunk


def live() -> None:
    """The child's whole life."""
    results, orders = os.dup(1), os.fdopen(os.dup(0), encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    number, job = int(orders.readline()), Job(**json.loads(orders.readline()))
    child = Child(Stage(job), (number,), results)
    start_new_thread(_end_with_parent, (orders,))
    child.watch(_clockwork(number, job.timeout))
    os.write(results, b"\n")  # from here on a failure is the program's
    child.live()


def _clockwork(number: int, timeout: float) -> Callable[[], str]:
    """The watchdog's orders, by the clock: a first sample at half time, looks, then the explanation."""
    step = timeout / 2 / (LOOKS + 1)
    pace = iter([(timeout / 2, SAMPLE), *([(step, LOOK)] * LOOKS), (step, EXPLAIN), (1e6, "")])

    def order(sleep: Callable[[float], None] = time.sleep) -> str:
        seconds, kind = next(pace)
        sleep(seconds)
        return f"{kind}{number}" if kind else ""

    return order


def _end_with_parent(orders: IO[str]) -> None:
    orders.read()
    end_own_group()
