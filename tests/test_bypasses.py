"""Bypasses: who asked later is served first. Counted for locks, permits, items and room, and in every result."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from harness.execution import Runner
from harness.outcome import Outcome
from harness.trace import GATED
from harness.world.program import load_program

ROOT = Path(__file__).parents[1]


class ByRank:
    """The enabled thread whose name comes first in the alphabet; MainThread before all, so that all are started."""

    every_step = False

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return min(enabled, key=lambda task: ("" if task.name == "MainThread" else task.name, task.index))


# The late one has the later name and takes three times what the early one has asked for in vain before.
STARTS = """
    for name, work in sorted(locals().copy().items()):
        if name.startswith("t"):
            threading.Thread(name=name, target=work).start()
"""

SEMAPHORE = """
import threading
def main():
    permits = threading.Semaphore(0)
    def t1_early():
        with permits:
            pass
    def t2_late():
        for _ in range(3):
            permits.release()
            permits.acquire()
        permits.release()
""" + STARTS  # fmt: skip

ITEMS = """
import queue, threading
def main():
    items = queue.Queue()
    def t1_early():
        items.get()
    def t2_late():
        for n in range(3):
            items.put(n)
            items.get()
        items.put(3)
""" + STARTS  # fmt: skip

ROOM = """
import queue, threading
def main():
    items = queue.Queue(1)
    items.put(0)
    def t1_early():
        items.put(1)
    def t2_late():
        for n in range(3):
            items.get()
            items.put(n)
        items.get()
""" + STARTS  # fmt: skip

NOTIFIED = """
import threading
def main():
    changed = threading.Condition()
    def t1_early():
        with changed:
            changed.wait()
    def t2_late():
        with changed:
            changed.notify()
        for n in range(3):
            with changed:
                pass
""" + STARTS  # fmt: skip


class LateFirst(ByRank):
    """The early one is chosen only until it has asked."""

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        others = [task for task in enabled if not (task.name == "t1_early" and self._has_asked(task))]
        return super().choose(others or enabled, running, step)

    def _has_asked(self, task: Any) -> bool:
        return bool(task.pending.kind == "wake" or task.pending.key == GATED)


@pytest.mark.parametrize("source", [SEMAPHORE, ITEMS, ROOM, NOTIFIED], ids=["permit", "item", "room", "notified"])
def test_each_grant_to_one_who_asked_later_is_a_bypass(source: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(source)
    execution = Runner(load_program(path)).run(LateFirst())
    assert (execution.outcome, execution.max_bypass) == (Outcome.PASSED, 3)


IN_TURN = """
import threading
def main():
    lock = threading.Lock()
    lock.acquire()
    def work():
        with lock:
            pass
    for name in ("a", "b", "c"):
        threading.Thread(name=name, target=work).start()
    lock.release()
"""


class InTurn(ByRank):
    """All have asked before main gives the lock back; then each gets it in the order of asking."""

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        begin = [task for task in enabled if task.pending.kind == "begin"]
        return (begin or sorted(enabled, key=lambda task: task.index))[0]


def test_who_is_served_in_the_order_of_asking_passes_nobody_over(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(IN_TURN)
    execution = Runner(load_program(path)).run(InTurn())
    assert (execution.outcome, execution.max_bypass) == (Outcome.PASSED, 0)


def test_a_declared_bound_on_permits_is_a_promise(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(SEMAPHORE)
    execution = Runner(load_program(path, settings={"bypass_bound": 2})).run(LateFirst())
    assert (execution.outcome, execution.message) == (
        Outcome.STARVATION,
        "t1_early was passed over 3 times while it waited, last for t2_late; the declared bound is 2",
    )


def test_a_broken_bound_is_put_to_the_experiment_of_stopping_who_was_served() -> None:
    command = [sys.executable, "-m", "harness", "explore", "starvation/lock_hog:broken", "--budget", "200x", "--json"]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=False).stdout)
    assert told["message"] == (
        "order was passed over 2 times while it waited, last for delivery; the declared bound is 1; "
        "with delivery stopped, order gets through"
    )


def test_the_largest_bypass_is_in_the_text_and_in_the_json(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(SEMAPHORE)
    command = [sys.executable, "-m", "harness", "explore", str(path), "--strategy", "random", "--budget", "50x"]
    text = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=60, check=True).stdout
    document = subprocess.run([*command, "--json"], capture_output=True, text=True, cwd=ROOT, timeout=60, check=True)
    assert "  bypass   a waiting thread was passed over 3 times at most\n" in text
    assert json.loads(document.stdout)["max_bypass"] == 3
