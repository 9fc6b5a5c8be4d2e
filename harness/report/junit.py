"""JUnit XML, as continuous-integration services read it: a suite of cases that passed, failed or broke down."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

_FORBIDDEN = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Case:
    """One line of a report. `kind` is passed, failure (the program's fault) or error (the lab's, or undecided)."""

    group: str
    name: str
    seconds: float
    kind: str = "passed"
    message: str = ""
    text: str = ""


def write(path: Path, suite: str, cases: Sequence[Case], properties: dict[str, object]) -> None:
    """Write the report; raises OSError."""
    root = ElementTree.Element("testsuites")
    element = ElementTree.SubElement(
        root,
        "testsuite",
        name=suite,
        tests=str(len(cases)),
        failures=str(sum(case.kind == "failure" for case in cases)),
        errors=str(sum(case.kind == "error" for case in cases)),
        skipped="0",
        time=f"{sum(case.seconds for case in cases):.3f}",
    )
    facts = ElementTree.SubElement(element, "properties")
    for name, value in properties.items():
        ElementTree.SubElement(facts, "property", name=name, value=clean(str(value)))
    for case in cases:
        _add(element, case)
    ElementTree.indent(root)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)


def _add(suite: ElementTree.Element, case: Case) -> None:
    attributes = {"classname": clean(case.group), "name": clean(case.name), "time": f"{case.seconds:.3f}"}
    element = ElementTree.SubElement(suite, "testcase", attributes)
    if case.kind != "passed":
        failure = ElementTree.SubElement(element, case.kind, message=clean(case.message))
        failure.text = clean(case.text)
    elif case.text:
        ElementTree.SubElement(element, "system-out").text = clean(case.text)


def clean(text: str) -> str:
    """The text without what XML cannot hold (a program may print and raise anything)."""
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
