"""Several workers for one kind of requests: what a program does to one of them is that one's price.

The same requests get the same answers whatever their number; only the time differs.
"""

from __future__ import annotations

import selectors
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from harness.watchdog import Hung
from harness.worker import GRACE, WAITING, Failed, Opens, Worker

PAUSE = 0.2
"""Seconds between two looks at who is overdue."""

SPREAD = 0.2
"""Seconds for which there is one worker only: most work is done by then, and another one costs as much to start."""


class Crew:
    """Workers for the same kind of requests: one, and up to `size` where there is enough to do for more.

    A worker that is lost over a request costs its process: the request is asked once more, of a fresh one, and
    with each line of the execution in question written down. So its answer is either Hung with the place, or
    the answer, where it was an accident. To be used in a `with`, which leaves no process behind.
    """

    def __init__(self, opens: Opens, setup: Any, timeout: float, size: int = 1) -> None:
        self._new = partial(Worker, opens, setup, timeout)
        self._size = size
        self._workers: list[Worker] = []
        self._began = time.monotonic()

    def __enter__(self) -> Crew:
        return self

    def alone(self) -> None:
        """From now on one worker and no more, whatever there is to do. None of them may be at work."""
        self._size = 1
        for worker in self._workers[1:]:
            self._dismiss(worker)

    def __exit__(self, *exception: Any) -> None:
        for worker in self._workers:
            worker.end()
        self._workers.clear()

    def ask(self, request: Any, heard: Callable[[Any], None] = lambda body: None) -> Any:
        """The answer to one request, or Hung. Raises what the answer raised."""
        return next(self.answers([request], lambda number, body: heard(body)))[1]

    def answers(self, requests: Iterable[Any], heard: Callable[[int, Any], None]) -> Iterator[tuple[int, Any]]:
        """(number of the request, its answer) as they come; requests are begun in their order, when there is a worker.

        When the iterator is closed, workers that are busy are ended. Raises what an answer raised.
        """
        waiting = enumerate(requests)
        at_work: dict[Worker, int] = {}
        following: list[tuple[int, Any]] = []
        try:
            while True:
                while (worker := self._idle()) is not None:
                    following = following or [item for item in [next(waiting, None)] if item is not None]
                    if not following:
                        break
                    number, request = following.pop()
                    at_work[worker] = number
                    worker.ask(request)
                if not at_work:
                    return
                for worker, answer in self._listen(at_work, heard):
                    number = at_work.pop(worker)
                    if isinstance(answer, Failed):
                        raise answer.error
                    if isinstance(answer, Hung):
                        self._dismiss(worker)
                    yield number, answer
        finally:
            for worker in at_work:
                self._dismiss(worker)

    def _idle(self) -> Worker | None:
        """A worker without work; a new one only where all others have been busy for a while."""
        for worker in self._workers:
            if not worker.busy:
                return worker
        if not self._workers or (len(self._workers) < self._size and time.monotonic() - self._began > SPREAD):
            self._workers.append(self._new())
            return self._workers[-1]
        return None

    def _dismiss(self, worker: Worker) -> None:
        if worker in self._workers:
            self._workers.remove(worker)
            worker.end()

    def _listen(self, at_work: dict[Worker, int], heard: Callable[[int, Any], None]) -> Iterator[tuple[Worker, Any]]:
        """The answers that have come; waits a moment until there may be one."""
        with selectors.DefaultSelector() as selector:
            for worker in self._workers:
                selector.register(worker.pipe, selectors.EVENT_READ, worker)
            ready = [key.data for key, _ in selector.select(PAUSE)]
        for worker in list(self._workers):
            if worker not in at_work:
                if worker in ready and isinstance(worker.hear(lambda body: None), Hung):
                    self._dismiss(worker)
                continue
            answer = worker.hear(partial(heard, at_work[worker])) if worker in ready else worker.overdue()
            if isinstance(answer, Hung) and not answer.placed:
                again = self._new()
                again.ask(worker.request, worker.number, 2 * (time.monotonic() - worker.since) + GRACE)
                self._workers.append(again)
                at_work[again] = at_work.pop(worker)
                self._dismiss(worker)
            elif answer is not WAITING:
                yield worker, answer
