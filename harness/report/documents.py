"""The lab's results as JSON documents: field names and meanings that other tools rely on."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, fields, is_dataclass
from enum import Enum
from typing import Any

from harness.explore import Exploration, Replay
from harness.outcome import Outcome
from harness.report.relevance import relevant, waits
from harness.trace import Trace


def dumps(document: Mapping[str, Any], indent: int | None = 2) -> str:
    """The document as text; whatever is not JSON's own becomes its nearest plain value."""
    return json.dumps(document, indent=indent, default=_plain, ensure_ascii=False, allow_nan=False)


def exploration_document(found: Exploration) -> dict[str, Any]:
    """`explore --json`: every field of the result, its trace as a list of steps."""
    document = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "trace"}
    document["trace"] = _steps(found.trace, found.outcome, found.message) if found.trace is not None else None
    return document


def replay_document(found: Replay) -> dict[str, Any]:
    """`replay --json`."""
    document = {field.name: getattr(found, field.name) for field in fields(found) if field.name != "trace"}
    document["trace"] = _steps(found.trace, found.outcome, found.message) if found.trace is not None else []
    return document


def _steps(trace: Trace, outcome: Outcome, message: str) -> list[dict[str, Any]]:
    """Every step; `shown` is true for those that the picture keeps because they explain the outcome."""
    kept = {(step.step, step.thread, waits(step)) for step in relevant(trace, outcome, message).steps}
    found = zip(trace.steps, trace.to_json(), strict=True)
    return [{**document, "shown": (step.step, step.thread, waits(step)) in kept} for step, document in found]


def _plain(value: object) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if isinstance(value, set | frozenset):
        return sorted(value, key=str)
    return str(value)
