"""Taking turns: round robin over the enabled threads, the one fair policy that everything else refers to."""

from __future__ import annotations

from typing import Any

from harness.trace import GATED


def next_in_turn(enabled: list[Any], last: int) -> Any:
    """The enabled thread whose index follows `last`, the first of them where none does.

    Of those that had to wait for the same permit or item, the one that has waited longest: CPython wakes that one.
    """
    later = [task for task in enabled if task.index > last]
    for task in later + enabled:
        if task.pending.key != GATED or not _comes_before_its_turn(task, enabled):
            return task
    return enabled[0]


def _comes_before_its_turn(task: Any, enabled: list[Any]) -> bool:
    """Whether the thread was refused before, and another one that waits for the same before that."""
    waiting = (other for other in enabled if other.pending == task.pending and other.asked)
    return task.asked and any(other.asked_at < task.asked_at for other in waiting)
