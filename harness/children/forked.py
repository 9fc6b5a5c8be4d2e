"""One forked child, from the warm parent's side: its pipes, its group of processes, its end."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from os import _exit
from time import monotonic, sleep  # the wall's, whatever the program's clock will be
from typing import Any, NoReturn

from harness.children.blocked import children_of
from harness.children.child import MARK, Child
from harness.children.lines import Lines
from harness.children.performance import Stage
from harness.prctl import die_with, nap_exactly

UNHEARD = 217  # the exit status of a child that had no words left: no descriptors, no builtins, no modules
OUTPUT = 4000  # characters of a failed run's output that are kept


class Forked:
    """A child that performs the runs with these numbers, and the parent's ends of its pipes.

    private: descriptors of the parent that are no business of a child's.
    """

    def __init__(self, stage: Stage, numbers: Sequence[int], private: tuple[int, ...]) -> None:
        self.results, say = os.pipe()
        self.output, write = os.pipe()
        self.listen, self.control = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            unneeded = (self.results, self.output, self.control, *private)
            _be_child(Child(stage, numbers, say), write, self.listen, unneeded)
        for descriptor in (say, write, self.listen):
            os.close(descriptor)
        self.alive = os.pidfd_open(self.pid) if hasattr(os, "pidfd_open") else -1
        os.set_blocking(self.output, False)
        self._printed = b""
        self._seen = b""  # of its output the end, perhaps a part of a mark
        self._unread = b""
        self._status: int | None = None

    def tell(self, order: str, number: int) -> None:
        """An order to the child's watchdog about run `number`."""
        try:
            os.write(self.control, f"{order}{number}\n".encode())
        except OSError:  # it is dead already
            pass

    def hear(self) -> bool:
        """Take what the child says on its results. False at the end: it has no more to say."""
        chunk = os.read(self.results, 65536)
        self._unread += chunk
        return bool(chunk)

    def line(self) -> dict[str, Any] | None:
        """The child's next line, once all of it is here."""
        line, end, rest = self._unread.partition(b"\n")
        if not end:
            return None
        self._unread = rest
        try:
            answer: dict[str, Any] = json.loads(line)
            return answer
        except ValueError:
            return {"garbled": True}

    def drain(self) -> bool:
        """Take what the child has printed and keep the beginning. False at the end of its output."""
        chunk = os.read(self.output, 65536)
        seen = self._seen + chunk
        _, mark, after = seen.rpartition(MARK)
        self._printed = (after if mark else self._printed + chunk)[: 4 * OUTPUT]
        self._seen = seen[1 - len(MARK) :]
        return bool(chunk)

    def printed(self) -> str:
        """What the child has printed in its latest run, cut to its beginning."""
        with suppress(BlockingIOError):
            while self.drain():
                pass
        text = self._printed.decode("utf-8", "replace")
        return text if len(text) <= OUTPUT else text[:OUTPUT] + "\n… (cut)"

    def has_ended(self) -> bool:
        return os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def end(self) -> int:
        """Kill the child and everything it started, if that has not been done. Returns its wait status."""
        if self._status is None:
            for kill in (os.killpg, os.kill):
                try:
                    kill(self.pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            _, self._status = os.waitpid(self.pid, 0)
            end_orphans()
            for descriptor in (self.results, self.output, self.control, self.alive):
                if descriptor >= 0:
                    os.close(descriptor)
        return self._status


def _be_child(child: Child, write: int, listen: int, unneeded: tuple[int, ...]) -> NoReturn:
    """In the child, right after the fork."""
    try:
        parent = os.getppid()
        os.setsid()
        for descriptor in unneeded:
            os.close(descriptor)
        os.dup2(write, 1)
        os.dup2(write, 2)
        os.close(write)
        die_with(parent)
        nap_exactly()
        child.watch(Lines(listen).next)
        child.live()
    except BaseException as error:
        child.breaks(error)
    finally:
        _exit(UNHEARD)


def end_orphans() -> None:
    """Kill what this process has adopted."""
    given_up = monotonic() + 5
    while monotonic() < given_up:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                for pid in children_of(os.getpid()):
                    os.kill(pid, signal.SIGKILL)
                sleep(0.001)
        except ChildProcessError:
            return
        except ProcessLookupError:
            pass
