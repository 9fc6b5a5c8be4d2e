"""`list`: the scenarios, a line each."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from harness import corpus
from harness.commands.console import say
from harness.commands.options import add, sharded
from harness.report.documents import dumps
from harness.report.text import count, fold, style_for


def register(commands: Any) -> None:
    parser = commands.add_parser("list", help="the scenarios: class, level, tools, one line")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="only these (names, parts of names, globs)")
    parser.add_argument("--markdown", action="store_true", help="the table of scenarios/README.md")
    add(parser, "--shard", "--json")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    chosen = sharded(corpus.select(options.scenarios), options.shard)
    if options.json:
        say(dumps({"scenarios": [_document(scenario) for scenario in chosen]}))
        return 0
    if options.markdown:
        say("\n".join(_table(chosen)))
        return 0
    style = style_for(sys.stdout, options.color)
    width = max((len(scenario.directory.name) for scenario in chosen), default=0)
    bug_class = ""
    for scenario in chosen:
        if scenario.bug_class != bug_class:
            bug_class = scenario.bug_class
            say(style.paint(bug_class, "bold"))
        words = f"{scenario.title} ({', '.join(scenario.tools)})"
        say(fold(words, f"  {scenario.directory.name:<{width}}  {scenario.level}  "))
    levels = "level 1: seen in minutes, 2: needs the trace, 3: most get it wrong"
    say(f"{count(len(chosen), 'scenario')}; {levels}")
    return 0


def _table(scenarios: list[corpus.Scenario]) -> list[str]:
    """Lines of a Markdown table; its links are for a reader of scenarios/README.md."""
    lines = ["| Class | Scenario | Level | Tools | Ends in | Story |", "|---|---|---|---|---|---|"]
    for scenario in scenarios:
        link = f"[`{scenario.directory.name}`]({scenario.name}/)"
        tools = ", ".join(scenario.tools)
        cells = (scenario.bug_class, link, str(scenario.level), tools, scenario.expect.value, scenario.title)
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return lines


def _document(scenario: corpus.Scenario) -> dict[str, Any]:
    return {
        "scenario": scenario.name,
        "class": scenario.bug_class,
        "subclass": scenario.subclass,
        "level": scenario.level,
        "tools": scenario.tools,
        "threads": scenario.threads,
        "title": scenario.title,
        "expect": scenario.expect,
        "wrong_fixes": [wrong.name for wrong in scenario.wrong_fixes],
        "provenance": scenario.provenance,
    }
