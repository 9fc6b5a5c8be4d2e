"""`stress TARGET`: free threads, counted."""

from __future__ import annotations

import sys
from argparse import ArgumentTypeError, Namespace
from typing import Any

from harness import corpus
from harness.budget import Budget
from harness.commands.console import Progress, say
from harness.commands.options import UsageError, add, cores, duration
from harness.commands.outputs import Outputs
from harness.report.documents import dumps
from harness.report.free import share, stress_text, sweep_document, sweep_text
from harness.report.junit import Case
from harness.report.text import Style, style_for
from harness.stress import StressResult, Tally, parse_sweep, parse_until, stress, sweep
from harness.world.program import Program

DEFAULT_BUDGET = Budget(seconds=10.0, executions=1000)


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "stress",
        help="free threads: rates and histogram",
        description="Run a program with free threads, each run in a child process, and count what becomes of it.",
        epilog="exit codes: 1 a program that should hold failed or hung (a broken scenario is expected to), 3 no run"
        " came to an end, else 0",
    )
    parser.add_argument("target", metavar="TARGET")
    parser.add_argument("--native", action="store_true", help="plain threads, no perturbation at all")
    parser.add_argument("--until", metavar="N-failures", type=until, help="stop when so many runs have failed")
    parser.add_argument(
        "--time-scale",
        metavar="X",
        type=duration,
        help="run the program's clock X times as fast (default: 1, 10, … so that a run takes a second at most)",
    )
    parser.add_argument(
        "--sweep",
        metavar="NAME=V,V,…",
        type=load,
        action="append",
        help="a series with main(NAME=V) for each value, each with the whole budget: threads=2,4,8",
    )
    add(parser, "--seed", "--budget", "--timeout", "--jobs", "--json", "--jsonl", "--junitxml")
    parser.set_defaults(run=run)


def until(text: str) -> int | None:
    try:
        return parse_until(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def load(text: str) -> tuple[str, list[Any]]:
    try:
        return parse_sweep(text)
    except ValueError as error:
        raise ArgumentTypeError(str(error)) from None


def run(options: Namespace) -> int:
    if options.sweep and len(options.sweep) > 1:
        raise UsageError("one --sweep at a time: the others' parameters keep their defaults")
    target = corpus.resolve(options.target)
    outputs = Outputs(options)
    progress = Progress(options.progress)
    settings: dict[str, Any] = {
        "mode": "native" if options.native else "stress",
        "seed": options.seed,
        "budget": options.budget or DEFAULT_BUDGET,
        "timeout": options.timeout,
        "jobs": options.jobs or cores(),
        "until": options.until,
        "time_scale": options.time_scale,
    }
    if options.sweep:
        found = _sweep(target.program, options, settings, progress, outputs)
    else:
        found = [stress(target.program, progress=lambda tally: progress.show(_so_far(tally)), **settings)]
        outputs.record(found[0].to_json())
    progress.clear()
    passes = target.variant == "broken" or not any(row.failed for row in found)
    outputs.junit("stress", [_case(row, target.variant) for row in found], _facts(found[0]))
    style = style_for(sys.stdout, options.color)
    if options.sweep:
        ((name, _),) = options.sweep
        say(dumps(sweep_document(name, found)) if options.json else sweep_text(name, found, style))
    else:
        say(dumps(found[0].to_json()) if options.json else stress_text(found[0], style))
    if not passes:
        return 1
    return 0 if any(row.runs > row.unfinished for row in found) else 3


def _sweep(
    program: Program, options: Namespace, settings: dict[str, Any], progress: Progress, outputs: Outputs
) -> list[StressResult]:
    ((name, values),) = options.sweep
    found = []

    def so_far(value: Any, tally: Tally) -> None:
        progress.show(f"{name}={value!r}: {_so_far(tally)}")

    for row in sweep(program, name, values, progress=so_far, **settings):
        found.append(row.result)
        outputs.record(row.result.to_json())
    return found


def _so_far(tally: Tally) -> str:
    return f"{tally.runs:,} runs, {tally.failed:,} failed, {tally.hung:,} hung"


def _facts(found: StressResult) -> dict[str, object]:
    document = found.to_json()
    return {name: document[name] for name in ("mode", "seed", "python", "gil", "cores")}


def _case(found: StressResult, variant: str | None) -> Case:
    kind = "failure" if found.failed and variant != "broken" else "passed"
    kind = "error" if found.runs == found.unfinished else kind
    load = "".join(f" {name}={value!r}" for name, value in found.parameters.items())
    name = found.target + load
    return Case("stress", name, found.seconds, kind, share(found).strip(), stress_text(found, Style()))
