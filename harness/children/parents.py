"""The harness's side of the warm parents: start them, hand out a job, take the runs in the order of their numbers."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Generator
from dataclasses import replace
from types import TracebackType

from harness.children.interpreter import command
from harness.children.job import Job, Run

GRACE = 20.0  # seconds beyond a run's own deadline after which a warm parent counts as lost


class HarnessFault(Exception):
    """The lab's own failure, none of the program's."""


class WarmParent:
    """One warm parent, as the harness sees it."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            command("harness.children.parent", "serve"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            env={**os.environ, "PYTHONHASHSEED": "0"},  # sets of strings have the same order in every series
            start_new_session=True,  # Ctrl-C is the harness's to deal with
        )
        assert self.process.stdin is not None and self.process.stdout is not None
        self._orders, self._answers = self.process.stdin, self.process.stdout
        self._unread = b""
        self.working = False

    def give(self, job: Job) -> None:
        self._write(job.to_json())
        self.working = True

    def next(self, patience: float) -> Run | None:
        """The next run of the job; None when the parent has done its share."""
        answer = json.loads(self._line(patience))
        if "fault" in answer:
            raise HarnessFault(f"the process that starts the runs failed: {answer['fault']}")
        if "lost" in answer:
            raise HarnessFault(f"the process that starts the runs {_end(answer['lost'])}")
        self.working = "done" not in answer
        return Run.from_json(answer["run"]) if self.working else None

    def stop(self) -> None:
        """Give the job up: what is running is killed and not counted."""
        self._write("stop")
        while self.working:
            self.next(GRACE)

    def close(self) -> None:
        self._orders.close()
        try:
            self.process.wait(GRACE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._answers.close()

    def _write(self, line: str) -> None:
        data = line.encode() + b"\n"
        try:
            while data:
                data = data[self._orders.write(data) or 0 :]
        except OSError as error:
            raise HarnessFault(f"the process that starts the runs is gone: {error}") from None

    def _line(self, patience: float) -> bytes:
        while b"\n" not in self._unread:
            if not _readable(self._answers.fileno(), patience):
                raise HarnessFault(f"the process that starts the runs has said nothing for {patience:.0f} s")
            chunk = os.read(self._answers.fileno(), 65536)
            if not chunk:
                raise HarnessFault(f"the process that starts the runs {_end(self.process.wait())}")
            self._unread += chunk
        line, _, self._unread = self._unread.partition(b"\n")
        return line


class Parents:
    """Several warm parents. Run n goes to parent n modulo their number, so what is run does not depend on it."""

    def __init__(self, jobs: int = 1) -> None:
        self._all = [WarmParent() for _ in range(jobs)]

    def runs(self, job: Job) -> Generator[Run, None, None]:
        """Runs 0, 1, 2 … of the job until its count or its time is used up. Closing the iterator stops the rest.

        One job at a time: close this iterator (contextlib.closing) before the next one is begun.
        """
        parents = len(self._all)
        for index, parent in enumerate(self._all):
            share = None if job.count is None else len(range(index, job.count, parents))
            first = job.first + index * job.step
            parent.give(replace(job, first=first, step=job.step * parents, count=share))
        try:
            while any(parent.working for parent in self._all):
                for parent in self._all:
                    run = parent.next(job.timeout + GRACE) if parent.working else None
                    if run is not None:
                        yield run
        finally:
            for parent in self._all:
                if parent.working and parent.process.poll() is None:
                    parent.stop()

    def close(self) -> None:
        """End the parents; each ends what it is running."""
        for parent in self._all:
            parent.close()

    def __enter__(self) -> Parents:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _end(code: int) -> str:
    if code >= 0:
        return f"ended with exit status {code}"
    return f"was killed by {signal.Signals(-code).name}: by the program, or because memory is short"


def _readable(descriptor: int, patience: float) -> bool:
    """Wait until there is something to read. Where pipes cannot be waited for, reading is the wait."""
    if sys.platform == "win32":
        return True
    return bool(select.select([descriptor], [], [], patience)[0])
