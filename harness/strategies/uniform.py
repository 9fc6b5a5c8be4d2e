"""Random walk: each enabled thread is equally likely at each choice."""

from __future__ import annotations

from typing import Any

from harness.strategies import Strategy


class Uniform(Strategy):
    """Uniform among the enabled. Uniform over choices, not over interleavings (for that see `surw`)."""

    name = "random"

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """Any of them."""
        return enabled[int(self.random.random() * len(enabled))]
