"""`replay TARGET WITNESS`: one execution, shown step by step."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from harness import corpus
from harness.budget import Budget
from harness.commands.console import say
from harness.commands.explore import engine_options
from harness.commands.options import WORLD, add
from harness.explore import replay
from harness.report.documents import dumps, replay_document
from harness.report.search import replay_text
from harness.report.text import style_for


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "replay",
        help="one execution, shown step by step",
        description="Run the schedule that a witness describes. `explore` and `reproduce` print witnesses.",
        epilog="exit codes: 0 the witness was replayed, whatever its outcome (1 if it makes a fix fail), "
        "2 the witness is malformed, 4 it diverged: the program no longer does what the witness says",
    )
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("witness", metavar="WITNESS")
    parser.add_argument("--all-steps", action="store_true", help="show every step, every round of a loop")
    add(parser, "--seed", "--timeout", "--max-steps", *WORLD, "--json")
    parser.set_defaults(run=run, budget=None, strategy="replay", preemptions=None, jobs=1)


def run(options: Namespace) -> int:
    target = corpus.resolve(options.target)
    found = replay(target.program, options.witness, engine_options(options, Budget(executions=1)))
    if options.json:
        say(dumps(replay_document(found)))
    else:
        say(replay_text(found, style_for(sys.stdout, options.color), options.all_steps))
    if found.diverged:
        return 4
    return 1 if found.outcome.failed and target.supposed_to_hold else 0
