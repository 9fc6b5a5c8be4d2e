"""`reproduce [SCENARIO…]`: the main job."""

from __future__ import annotations

import contextlib
import sys
import time
from argparse import Namespace
from collections.abc import Iterator
from typing import Any

from harness import corpus
from harness.budget import Budget
from harness.children.interpreter import Interpreter
from harness.commands import everywhere
from harness.commands.console import Progress, say
from harness.commands.explore import engine_options
from harness.commands.options import SEARCH, WORLD, add, sharded
from harness.commands.outputs import Outputs
from harness.report.documents import dumps
from harness.report.junit import Case
from harness.report.reproduction import block, document, scenario_document, summary
from harness.report.text import Style, seconds, style_for
from harness.reproduce import Part, Reproduction, overall, reproduce


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "reproduce",
        help="the main job: every bug reproduced, every fix attacked",
        description="Make each scenario's bug appear with free threads (native, stress) and under control, then "
        "attack its fix. Without a SCENARIO: all of them.",
        epilog="--budget is for each of a scenario's five parts. exit codes: 0 all as promised, 1 a fix does not "
        "hold, 3 a bug was not reproduced (or a fix not decided) within the budget, 4 a fault of the harness",
    )
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="a name, a part of one, a class, or a glob")
    add(parser, *SEARCH, *WORLD, "--shard", "-x", "--json", "--jsonl", "--junitxml")
    parser.add_argument(
        "--everywhere", action="store_true", help="under each Python of this machine that is supported, as one table"
    )
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    if options.everywhere:
        return everywhere.run(options)
    scenarios = sharded(corpus.select(options.scenarios), options.shard)
    outputs = Outputs(options)
    header = _header(options.seed)
    style = style_for(sys.stdout, options.color)
    if not options.json:
        say(_header_line(options.seed, style))
    began = time.monotonic()
    results = list(_run(scenarios, options, outputs, style))
    elapsed = time.monotonic() - began
    outputs.junit("reproduce", [_case(result) for result in results], header)
    say(dumps(document(results, header, elapsed)) if options.json else summary(results, options.seed, elapsed))
    return overall(results)


def _run(
    scenarios: list[corpus.Scenario], options: Namespace, outputs: Outputs, style: Style
) -> Iterator[Reproduction]:
    progress = Progress(options.progress)
    finished = 0

    def started(scenario: corpus.Scenario, part: Part) -> None:
        progress.show(f"{finished}/{len(scenarios)} done; {scenario.name}: {part.variant} {part.mode}")

    engine = engine_options(options, Budget())
    with contextlib.closing(reproduce(scenarios, engine, options.budget, started)) as results:
        for result in results:
            finished += 1
            took = seconds(result.seconds)
            progress.done(f"{finished}/{len(scenarios)} {result.scenario.name}: {result.verdict} ({took})")
            if not options.json:
                say(block(result, style) + "\n")
            outputs.record(scenario_document(result))
            yield result
            if options.exit_first and result.exit_code:
                return


def _header(seed: int) -> dict[str, Any]:
    interpreter = Interpreter.running()
    return {"seed": seed, "python": interpreter.name, "gil": interpreter.gil, "cores": interpreter.cores}


def _header_line(seed: int, style: Style) -> str:
    return style.paint(f"{Interpreter.running()}, seed {seed}", "dim") + "\n"


def _case(result: Reproduction) -> Case:
    kinds = {0: "passed", 1: "failure", 3: "failure", 4: "error"}
    return Case(
        result.scenario.bug_class,
        result.scenario.directory.name,
        result.seconds,
        kinds[result.exit_code],
        result.verdict,
        block(result, Style()),
    )
