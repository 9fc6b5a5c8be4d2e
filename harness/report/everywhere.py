"""The main job under several interpreters, as a Markdown table: a row per scenario, a column per interpreter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from harness.report.text import fold

WAYS = ("native", "stress", "explore")
Document = Mapping[str, Any]


def markdown(documents: Sequence[Document], missing: Sequence[str]) -> str:
    """The table of these documents of `reproduce --json`, its caption, and what did not come out right."""
    heads = ["broken program", *(document["python"] for document in documents)]
    rows = [heads, *_rows(documents)]
    rows.append(["**bugs seen**", *(_seen(document) for document in documents)])
    rows.append(["**fixes held**", *(f"{document['held']} of {len(document['scenarios'])}" for document in documents)])
    widths = [max(len(row[column]) for row in rows) for column in range(len(heads))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
    ]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join([_caption(documents, missing), "", *lines, *_wrong(documents)])


def _caption(documents: Sequence[Document], missing: Sequence[str]) -> str:
    first = documents[0]
    gone = f" Not on this machine: {', '.join(missing)}." if missing else ""
    return fold(
        "Failed of all: native · stress · controlled, where a search ends with its first failure (1/27 is the 27th"
        f" execution). {first['cores']} cores, seed {first['seed']}; a `t` is a Python without the GIL.{gone}"
    )


def _rows(documents: Sequence[Document]) -> list[list[str]]:
    """The scenarios of one class below a row with its name."""
    rows: list[list[str]] = []
    group = ""
    for scenarios in zip(*(document["scenarios"] for document in documents), strict=True):
        bug_class, _, name = scenarios[0]["scenario"].rpartition("/")
        if bug_class != group:
            rows.append([f"**{bug_class}**"] + [""] * len(documents))
            group = bug_class
        rows.append([name, *(" · ".join(_share(scenario, way) for way in WAYS) for scenario in scenarios)])
    return rows


def _share(scenario: Document, way: str) -> str:
    part = scenario["broken"].get(way, {})
    if "fault" in part:
        return "fault"
    if way == "explore":
        return f"{part['failures']:,}/{part['executions']:,}"
    return f"{part['failed']:,}/{part['runs'] - part.get('unfinished', 0):,}"


def _seen(document: Document) -> str:
    """In how many of the scenarios each way made the program fail at all."""
    seen = (
        sum(not _share(scenario, way).startswith(("0/", "fault")) for scenario in document["scenarios"]) for way in WAYS
    )
    return " · ".join(map(str, seen)) + f" of {len(document['scenarios'])}"


def _wrong(documents: Sequence[Document]) -> list[str]:
    wrong = [
        f"- {document['python']}, {scenario['scenario']}: {scenario['verdict']}"
        for document in documents
        for scenario in document["scenarios"]
        if scenario["exit_code"]
    ]
    return ["", "Not right:", "", *wrong] if wrong else []
