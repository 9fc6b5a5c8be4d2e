"""Taking turns: round robin over the enabled threads, the one fair policy that everything else refers to."""

from __future__ import annotations

from typing import Any


def next_in_turn(enabled: list[Any], last: int) -> Any:
    """The enabled thread whose index follows `last`, the first of them where none does."""
    for task in enabled:
        if task.index > last:
            return task
    return enabled[0]
