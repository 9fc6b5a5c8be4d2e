"""The life of a child: run after run while that is clean, one line of JSON for each, then a sudden end.

Most programs get a child for every run. One that provably leaves nothing behind (repeatable.py) has RUNS of them in
one child, each in a new namespace; any thread still alive, and anything gone wrong, ends the child all the same.
When a run hangs, it is the watchdog that says the line.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
import traceback
from _thread import allocate_lock, get_ident, start_new_thread
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from harness.children import locks, progress, stacks
from harness.children.job import End, Run, cut_short
from harness.children.performance import LONGEST, Performance, Stage
from harness.world.showing import show_error

RUNS = 50  # runs in one child at most: what no rule foresaw does not pile up for ever
MARK = b"\0run\0"  # in the output between two runs: one may go on before its parent has taken what the last has said
_sleep = time.sleep
_encode = json.JSONEncoder(default=vars).encode

SAMPLE, LOOK, EXPLAIN, CERTAIN = "1", "v", "2", "!"
"""Orders to the watchdog: take a first sample; look at the program's values; take a second sample and explain what is
overdue; explain a certain deadlock."""

LOOKS = 20
"""So many looks at the values are taken between the two samples."""


def end_own_group() -> None:
    """End this process and what it started, at once."""
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def _alarm_is_set() -> bool:
    """Its handler may release a lock after all, or raise something in a thread that waits."""
    return hasattr(signal, "getitimer") and signal.getitimer(signal.ITIMER_REAL)[0] > 0


class Child:
    """Performs the runs with these numbers. `results` is the descriptor that the lines of JSON go to."""

    def __init__(self, stage: Stage, numbers: Sequence[int], results: int) -> None:
        self.stage = stage
        self.numbers = numbers
        self.results = results
        self._pid = os.getpid()
        self._words = allocate_lock()  # main and the watchdog speak one at a time; the watchdog's word is the last
        self._current: Performance | None = None

    def live(self) -> NoReturn:
        """Perform the runs and end the process. Nothing that the program raises leaves here."""
        self.stage.enter()
        for number in self.numbers:
            self.stage.renew(number)
            self._current = Performance(self.stage, number)
            run = self._current.run()
            self._end_if_a_copy()
            clean = run.end is End.PASSED and threading.active_count() == 1 and not self._current.over
            last = number == self.numbers[-1] or not clean
            with self._words:
                self._say(run, last)
                if last:
                    os._exit(0)
        os._exit(0)

    def _end_if_a_copy(self) -> None:
        if os.getpid() != self._pid:
            os._exit(0)  # the program forked: this is not the run

    def _say(self, run: Run, last: bool) -> None:
        for name in ("stdout", "stderr"):
            try:
                getattr(sys, name).flush()
            except BaseException:  # the program closed it or put something else in its place
                pass
        if self.stage.job.talks and not last:
            with suppress(OSError):
                os.write(1, MARK)
        line = _encode({"run": run, "last": last}).encode() + b"\n"
        while line:
            line = line[os.write(self.results, line) :]

    def breaks(self, error: BaseException) -> None:
        """The harness cannot go on in this process: its own fault before the program was there, else no verdict."""
        if self._current is None:
            os.write(self.results, _encode({"fault": "".join(traceback.format_exception(error))}).encode() + b"\n")
            return
        at = traceback.extract_tb(error.__traceback__)[-1]
        said = f"{type(error).__name__}: {show_error(error)} ({os.path.basename(at.filename)}:{at.lineno})"
        why = cut_short(f"the lab could not go on in the program's process, {said}")
        with self._words:
            self._say(self._current.ended(End.UNFINISHED, why[:LONGEST], why), True)

    def watch(self, orders: Callable[[], str]) -> None:
        """Start the watchdog. orders(): the next order with the number of the run it is about; "" ends the child."""
        start_new_thread(self._obey, (orders,))

    def _obey(self, orders: Callable[[], str]) -> None:
        earlier: stacks.Sample = {}
        seen: list[progress.Values] = []
        while order := orders():
            kind, number = order[0], int(order[1:])
            if kind == SAMPLE:
                earlier, seen = stacks.sample(), []
            elif kind == LOOK:
                seen.append(progress.values(self.stage.modules.home))
            elif kind == EXPLAIN:
                self._explain(number, earlier, seen)
            elif not _alarm_is_set():
                earlier = stacks.sample()
                _sleep(0.002)
                self._explain(number, earlier, [])
        end_own_group()

    def _explain(self, number: int, earlier: stacks.Sample, seen: list[progress.Values]) -> None:
        """The last word on run `number`, if it is still the one that is going on."""
        with self._words:
            current = self._current
            if current is None or current.number != number:
                return
            threads = stacks.explain(earlier, get_ident(), self.stage.modules.home, locks.held)
            end = self._verdict({thread.state for thread in threads}, earlier, seen)
            text = str(end)
            if limit := current.limited():
                end, text, _ = limit
            died = f"; before that: {current.failures[0][2]}" if current.failures else ""
            story = "; ".join(str(thread) for thread in threads)[: 2 * LONGEST] + died
            run = current.ended(end, text, "")
            self._say(Run(number, end, text, story, run.seconds, stacks=tuple(threads)), True)
            os._exit(0)

    def _verdict(self, states: set[str], earlier: stacks.Sample, seen: list[progress.Values]) -> End:
        if progress.gets_on(seen) or _alarm_is_set():
            return End.UNFINISHED
        if "runs" in states:
            moved = {ident for ident, position in stacks.sample().items() if position != earlier.get(ident)}
            told = progress.is_told(self.stage.modules.home, seen, moved - {get_ident()})
            return End.SPINNING if told else End.UNFINISHED
        return End.UNFINISHED if "sleeps" in states else End.BLOCKED
