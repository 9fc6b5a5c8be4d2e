"""`check SCENARIO`: the laws of a scenario directory, for its author."""

from __future__ import annotations

import re
import sys
from argparse import Namespace
from typing import Any

from harness import corpus, laws
from harness.commands.console import say
from harness.commands.options import UsageError, add
from harness.corpus import Scenario
from harness.explore import Options, explore
from harness.report.text import Style, count, fold, style_for

WITNESS = re.compile(r"^witness\s*=.*$", re.MULTILINE)


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "check",
        help="the laws of a scenario directory, for its author",
        description="Checks that a scenario keeps what every scenario promises, and says in words what is missing. "
        "Without SCENARIO all of them are checked.",
        epilog="exit codes: 0 every law holds, 1 one does not, 2 a directory that cannot be read",
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="names, parts of names, globs, directories")
    parser.add_argument("--witness", action="store_true", help="find a witness and write it into scenario.toml")
    parser.add_argument("--thorough", action="store_true", help="as many executions as a finished scenario is due")
    add(parser, "--seed")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    style = style_for(sys.stdout, options.color)
    effort = laws.THOROUGH if options.thorough else laws.QUICK
    broken = 0
    for scenario in corpus.select(options.scenarios):
        say(style.paint(scenario.name, "bold"))
        if options.witness:
            scenario = _write_witness(scenario, options.seed)
        complaints = 0
        static = [(law, list(law(scenario))) for law in laws.STATIC]
        for law, found in static:
            complaints += _show(law, found, style)
        if complaints:
            say(fold("the laws that execute the programs come when these hold", "  then     "))
        else:
            for law in laws.DYNAMIC:
                complaints += _show(law, list(law(scenario, effort)), style)
        broken += bool(complaints)
    say(f"{count(broken, 'scenario')} not finished yet" if broken else "every law holds")
    return 1 if broken else 0


def _show(law: laws.Law, found: list[str], style: Style) -> int:
    """Print what a law has to say; how many complaints that was."""
    complaints = [words for words in found if not isinstance(words, laws.Remark)]
    word = style.paint("missing", "red", "bold") if complaints else style.paint("holds", "green") + "  "
    say(f"  {word}  {laws.title(law)}")
    for words in complaints or found:
        say(fold(words, "           "))
    return len(complaints)


def _write_witness(scenario: Scenario, seed: int) -> Scenario:
    """Find a failing execution and write its witness down; the scenario as it then is."""
    found = explore(scenario.program("broken"), Options(seed=seed, budget=laws.TO_FAIL))
    witness = found.minimal_witness or found.witness
    if found.outcome is not scenario.expect or witness is None:
        say(f"  no witness: the search found {found.outcome}, scenario.toml expects {scenario.expect}")
        return scenario
    path = scenario.directory / "scenario.toml"
    text = WITNESS.sub(f'witness = "{witness}"', path.read_text(encoding="utf-8"), count=1)
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"cannot write {corpus.shown(path)}: {error.strerror}") from None
    return corpus.load(scenario.directory)
