"""`explore TARGET`: controlled search."""

from __future__ import annotations

import sys
from argparse import Namespace
from typing import Any

from harness import corpus
from harness.budget import Budget
from harness.commands.console import Progress, say
from harness.commands.options import SEARCH, WORLD, add, cores
from harness.commands.outputs import Outputs
from harness.corpus import Target
from harness.explore import Exploration, Options, explore
from harness.report.documents import dumps, exploration_document
from harness.report.junit import Case
from harness.report.search import claim_words, exploration_text, replay_line
from harness.report.text import seconds, style_for

DEFAULT_BUDGET = Budget(seconds=10.0)


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "explore",
        help="controlled search for a failing schedule",
        description="Search a program's schedules for one that fails. A scenario without :broken or :fixed "
        "means its broken program.",
        epilog="exit codes: 1 a failing execution was found, 0 none (what was not tried is said), "
        "3 a scenario's broken program did not fail within the budget",
    )
    parser.add_argument("target", metavar="TARGET")
    add(parser, *SEARCH, "--keep-going", *WORLD, "--json", "--jsonl", "--junitxml")
    parser.set_defaults(run=run)


def engine_options(options: Namespace, budget: Budget, jobs: int | None = None) -> Options:
    """The engine's options from the command line's."""
    more = {"max_steps": options.max_steps} if options.max_steps else {}
    return Options(
        seed=options.seed,
        budget=options.budget or budget,
        strategy=options.strategy,
        preemptions=options.preemptions,
        timeout=options.timeout,
        jobs=jobs or options.jobs or cores(),
        keep_going=getattr(options, "keep_going", False),
        early_timeouts=options.early_timeouts,
        instrument=tuple(options.instrument),
        ignore_state=tuple(options.ignore_state),
        **more,
    )


def run(options: Namespace) -> int:
    target = corpus.resolve(options.target)
    outputs = Outputs(options)
    progress = Progress(options.progress)
    engine = engine_options(options, DEFAULT_BUDGET)
    found = explore(target.program, engine, lambda so_far: progress.show(_so_far(so_far)))
    progress.clear()
    document = exploration_document(found)
    outputs.record(document)
    outputs.junit("explore", [_case(found)], {"seed": options.seed})
    say(dumps(document) if options.json else exploration_text(found, style_for(sys.stdout, options.color)))
    return _exit_code(target, found)


def _so_far(found: Any) -> str:
    return f"{found.executions:,} executions, {found.failures:,} failed, {seconds(found.seconds)}"


def _exit_code(target: Target, found: Exploration) -> int:
    if found.outcome.failed:
        return 1
    return 3 if target.variant == "broken" else 0


def _case(found: Exploration) -> Case:
    name = found.target
    if found.outcome.failed:
        text = f"{found.message}\nreplay: {replay_line(found)}"
        return Case("explore", name, found.seconds, "failure", f"{found.outcome}: {found.message}", text)
    if found.claim == "inconclusive":
        return Case("explore", name, found.seconds, "error", claim_words(found))
    return Case("explore", name, found.seconds, text=claim_words(found))
