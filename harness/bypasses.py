"""Bypasses: another thread is granted what a thread that asked earlier still waits for.

A lock is asked for by arriving at its acquire, and who finds it free and is not chosen has not been
refused yet: the first grant to another only makes it so. A woken Condition waiter asks for the lock
again from the moment of its notification. Permits of a semaphore, items of and room in a queue are
asked for in the same way, or, where one waits for them inside of the operation (with a time limit, and wherever
bypasses are judged), by the step that finds none. Where all who wait are woken together (an event, a barrier, a
future, the end of a thread) nobody is passed over; notifications go to who waits longest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from typing import NamedTuple

from harness.task import Both, Holdable, Task


class Bypass(NamedTuple):
    """Thread `late` was passed over by thread `served`, which asked when `before` steps had been made."""

    late: str
    served: str
    before: int


class Bypasses:
    """Those of one execution among its unfinished threads `live`: the `most` in one wait, and the last of these.

    `grants` counts what was got by public operations, by object and thread.
    """

    def __init__(self, live: Sequence[Task]) -> None:
        self._live = live
        self.most = 0
        self.worst = Bypass("", "", 0)
        self.grants: Counter[tuple[Hashable, str]] = Counter()

    def granted(self, resource: Holdable, to: Task) -> None:
        """`to` got the lock `resource`."""
        for task in self._live:
            wants = task.wants
            if task is to or wants is None:
                continue
            if wants is resource or (type(wants) is Both and wants.second is resource and not wants.first.held):
                self._pass_over(task, to, to.asked_at)
                task.asked = True

    def served(self, to: Task, before: int) -> None:
        """`to` got what its public operation is for, and asked for when `before` steps had been made.

        Others are blocked in one like it, or before one, on the same object.
        """
        assert to.call is not None
        self.grants[to.call.object, to.name] += 1
        for task in self._live:
            blocked = task.wants is not None and task.call is not None and task is not to
            if blocked and task.called is to.called and task.call.kind == to.call.kind:  # type: ignore[union-attr]
                self._pass_over(task, to, before)
                task.asked = task.asked or task.wants.held  # type: ignore[union-attr]
        to.bypassed = 0

    def notified(self, condition: object, step: int) -> None:
        """Some of those who wait on `condition` were woken, and ask for its lock from now on."""
        for task in self._live:
            if task.called is condition and type(task.wants) is Both and not task.wants.first.held:
                task.asked_at = max(task.asked_at, step)

    def _pass_over(self, task: Task, to: Task, before: int) -> None:
        if task.asked and task.asked_at <= to.asked_at:
            task.bypassed += 1
            if task.bypassed > self.most:
                self.most, self.worst = task.bypassed, Bypass(task.name, to.name, before)
