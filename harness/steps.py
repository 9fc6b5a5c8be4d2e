"""The steps of an execution in the form a search needs, put together while it runs."""

from __future__ import annotations

from collections.abc import Hashable

from harness.task import Task
from harness.trace import EXIT, WHOLE, Access, Operation, Step


class StepLog:
    """Told what the running step does; `steps` are those that are over."""

    def __init__(self) -> None:
        self.steps: list[Step] = []

    def opens(self, task: Task, enabled: tuple[int, ...], time: int) -> None:
        """`task` carries out its pending operation; `enabled` are the indexes of those that could have been chosen."""
        self._who: tuple[Task, tuple[int, ...], int] = (task, enabled, time)
        self.operation: Operation = task.pending
        self.touched: list[Access] = []
        self.released: list[Hashable] = []
        self.started: list[int] = []
        self.ready: dict[Hashable, tuple[str, ...]] = {}
        self.finished = self.blocked = self.looking = False

    def touches(self, object: Hashable, key: Hashable, mode: str) -> None:
        """The step touches this, too. What an operation that only looks takes, it gives back: that is no change."""
        self.touched.append(Access(object, key, "r" if self.looking else mode))

    def only_looked(self, operation: Operation) -> None:
        """The step's operation was refused, so that it did no more than this one, and changed nothing."""
        self.operation = operation
        self.touched = [access._replace(mode="r") for access in self.touched]

    def finds(self, object: Hashable, ready: tuple[str, ...]) -> None:
        """The step is about to work on a primitive, with which these kinds of gated operation could go through."""
        self.ready.setdefault(object, ready)

    def starts(self, task: Task) -> None:
        """The step starts the thread `task`."""
        self.started.append(task.index)
        self.touched.append(Access(task.token, WHOLE, "w"))

    def ends(self, task: Task) -> None:
        """The step is the last one of its thread, `task`."""
        self.touched.append(Access(task.token, WHOLE, "w"))
        self.finished = True

    def closes(self) -> None:
        """The step is over."""
        task, enabled, time = self._who
        operation = self.operation
        if operation.object is not None:
            self.touched.insert(0, Access(operation.object, operation.key, operation.mode))
        if task.daemon:  # the exit ends it wherever it is: how far it has come is part of the order
            self.touched.append(Access(EXIT, WHOLE, "r"))
        touched, released, started = tuple(self.touched), tuple(self.released), tuple(self.started)
        self.steps.append(
            Step(
                task.index, operation, touched, released, started, enabled, time, self.finished, self.blocked,
                tuple(self.ready.items()),
            )
        )  # fmt: skip
