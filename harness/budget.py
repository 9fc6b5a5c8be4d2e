"""How much may be spent on one search or one measurement: seconds, or a number of executions."""

from __future__ import annotations

import re
from dataclasses import dataclass

_UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}
_FORM = re.compile(r"(\d+(?:\.\d+)?)\s*([smh])|(\d+)\s*x")


@dataclass(frozen=True)
class Budget:
    """A limit in seconds, in executions, or both (the first that is reached counts); None means no such limit."""

    seconds: float | None = None
    executions: int | None = None

    @classmethod
    def parse(cls, text: str) -> Budget:
        """`60s`, `2m`, `1.5h` or `500x`. Raises ValueError with one line that says what would be right."""
        found = _FORM.fullmatch(text.strip().lower())
        if found is None:
            raise ValueError(f"budget {text!r} is not understood: write 60s, 2m or 1h for time, 500x for executions")
        amount, unit, times = found.groups()
        budget = cls(executions=int(times)) if times else cls(seconds=float(amount) * _UNITS[unit])
        if not (budget.seconds or budget.executions):
            raise ValueError(f"budget {text!r} is nothing at all: it must be more than zero")
        return budget

    def spent(self, seconds: float, executions: int) -> bool:
        """True once this much time or this many executions use the budget up."""
        return (self.seconds is not None and seconds >= self.seconds) or (
            self.executions is not None and executions >= self.executions
        )

    def __str__(self) -> str:
        parts = [] if self.seconds is None else [f"{self.seconds:g}s"]
        return " or ".join(parts + ([] if self.executions is None else [f"{self.executions}x"])) or "no limit"
