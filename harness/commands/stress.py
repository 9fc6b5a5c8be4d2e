"""`stress TARGET`: free threads, counted."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from typing import Any

from harness import corpus
from harness.budget import Budget
from harness.commands.console import Progress, say
from harness.commands.options import add, cores, duration
from harness.commands.outputs import Outputs
from harness.report.documents import dumps
from harness.report.free import share, stress_text
from harness.report.junit import Case
from harness.report.text import style_for
from harness.stress import StressResult, parse_until, stress

DEFAULT_BUDGET = Budget(seconds=10.0, executions=1000)


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "stress",
        help="free threads: rates and histogram",
        description="Run a program with free threads, each run in a child process, and count what becomes of it.",
        epilog="exit codes: 1 a program that should hold failed or hung (a broken scenario is expected to), else 0",
    )
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--native", action="store_true", help="plain threads, no perturbation at all")
    parser.add_argument("--until", metavar="N-failures", type=until, help="stop when so many runs have failed")
    parser.add_argument("--time-scale", metavar="X", type=duration, help="run the program's clock X times as fast")
    add(parser, "--seed", "--budget", "--timeout", "--jobs", "--json", "--jsonl", "--junitxml")
    parser.set_defaults(run=run)


def until(text: str) -> int | None:
    try:
        return parse_until(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def run(options: Namespace) -> int:
    target = corpus.resolve(options.target)
    outputs = Outputs(options)
    progress = Progress(options.progress)
    found = stress(
        target.program,
        mode="native" if options.native else "stress",
        seed=options.seed,
        budget=options.budget or DEFAULT_BUDGET,
        timeout=options.timeout,
        jobs=options.jobs or cores(),
        until=options.until,
        time_scale=options.time_scale,
        progress=lambda tally: progress.show(f"{tally.runs:,} runs, {tally.failed:,} failed, {tally.hung:,} hung"),
    )
    progress.clear()
    document = found.to_json()
    outputs.record(document)
    outputs.junit("stress", [_case(found)], {"seed": options.seed})
    say(dumps(document) if options.json else stress_text(found, style_for(sys.stdout, options.color)))
    return 1 if found.failed and target.variant != "broken" else 0


def _case(found: StressResult) -> Case:
    kind = "failure" if found.failed else "passed"
    return Case("stress", found.target, found.seconds, kind, share(found).strip(), found.message)
