"""`replay TARGET WITNESS`: one execution, shown step by step."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from harness import corpus
from harness.budget import Budget
from harness.commands.console import say
from harness.commands.explore import engine_options
from harness.commands.options import WORLD, UsageError, add, positive
from harness.debugger import debug
from harness.explore import Replay, replay
from harness.report.documents import dumps, replay_document
from harness.report.relevance import failing_step
from harness.report.search import replay_text
from harness.report.steps import carried_out, step_text
from harness.report.text import style_for
from harness.trace import TraceStep


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
    parser.add_argument("--step", metavar="N", type=positive, help="show step N in full; with --pdb, stop there")
    parser.add_argument("--pdb", action="store_true", help="stop in the debugger at the failing step, in its thread")
    add(parser, "--seed", "--timeout", "--max-steps", *WORLD, "--json")
    parser.set_defaults(run=run, budget=None, strategy="replay", preemptions=None, jobs=1)


def run(options: Namespace) -> int:
    if options.pdb and options.json:
        raise UsageError("--pdb talks to a person, --json to a program: take one of them")
    target = corpus.resolve(options.target)
    engine = engine_options(options, Budget(executions=1))
    found = replay(target.program, options.witness, engine)
    style = style_for(sys.stdout, options.color)
    step = _step(found, options.step) if options.step or options.pdb else None
    if options.pdb and step is not None and not found.diverged:
        say(f"stopping at step {step.step}: {step.thread} is about to {step.operation} {step.object}".rstrip())
        found = debug(target.program, options.witness, step.step, step.thread, engine)
        say("")
    if options.json:
        say(dumps(replay_document(found)))
    elif options.step and not options.pdb and found.trace is not None and not found.diverged:
        say(step_text(found.trace, options.step, style))
    else:
        say(replay_text(found, style, options.all_steps))
    if found.diverged:
        return 4
    return 1 if found.outcome.failed and target.supposed_to_hold else 0


def _step(found: Replay, number: int | None) -> TraceStep | None:
    """The step asked for, or the failing one."""
    if found.trace is None:
        return None
    if number is None:
        return failing_step(found.trace, found.outcome, found.message)
    steps = carried_out(found.trace)
    if number not in steps:
        raise UsageError(f"--step {number}: there is none, the execution has the steps 1 to {max(steps, default=0)}")
    return steps[number]
