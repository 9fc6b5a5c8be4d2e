"""`reproduce` in words: a block per scenario, a summary at the end, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from harness.explore import Exploration
from harness.report.documents import exploration_document
from harness.report.free import doubt, share
from harness.report.search import claim_words, preemptions, replay_line
from harness.report.text import Style, clip, count, fold, ordinal, seconds
from harness.reproduce import (
    FIXED_SEARCH,
    FIXED_STRESS,
    NATIVE,
    SEARCH,
    STRESS,
    Part,
    Reproduction,
    Standing,
)
from harness.stress import StressResult

NAME_WIDTH = 44
FINDING = 20  # columns of what was found, before the note on it
LABELS = {"native": "native", "stress": "stress", "explore": "controlled"}


def block(result: Reproduction, style: Style) -> str:
    """The scenario's lines, from its name to its verdict. The replay command stays in one line, to be copied."""
    lines = [title(result, style)]
    variant = ""
    for part in (NATIVE, STRESS, SEARCH, FIXED_STRESS, FIXED_SEARCH):
        finding, note = _row(result, part)
        label = f"  {'' if part.variant == variant else part.variant:<7} {LABELS[part.mode]:<10} "
        lines.append(fold(note, f"{label}{finding:<{FINDING - 2}}  ", " " * (len(label) + FINDING)).rstrip())
        variant = part.variant
    if why := _why(result):
        lines.append(fold(why, "  why     "))
    if replay := _replay(result):
        lines.append(f"  replay  {replay}")
    colour = ("green",) if result.exit_code == 0 else ("red", "bold")
    lines.append(f"  VERDICT {style.paint(result.verdict, *colour)}")
    return "\n".join(lines)


def title(result: Reproduction, style: Style) -> str:
    name = result.scenario.name
    words = clip(result.scenario.title, max(80 - max(len(name), NAME_WIDTH - 2) - 2, 12))
    return f"{style.paint(name, 'bold')}{'':{max(2, NAME_WIDTH - len(name))}}{words}"


def _row(result: Reproduction, part: Part) -> tuple[str, str]:
    """What a part found, and the note on it."""
    if part in result.faults:
        return "no result", f"the lab's own fault: {result.faults[part]}"
    if part.mode == "explore":
        found = result.searched(part)
        assert found is not None
        return _searched(found, result, part)
    free = result.measured(part)
    assert free is not None
    return _measured(free, part, result.reproduced)


def _searched(found: Exploration, result: Reproduction, part: Part) -> tuple[str, str]:
    if found.outcome.failed and found.first_failure:
        finding = f"{found.outcome}, {ordinal(found.first_failure)} of {found.executions:,}"
        notes = [] if part.variant == "fixed" or result.reproduced else [f"expected was {result.scenario.expect}"]
        if found.exhausted:
            notes.append("every interleaving tried")
        if (least := preemptions(found)) is not None:
            notes.append(f"{count(least, 'preemption')} {'suffices' if least == 1 else 'suffice'}")
        return finding, "; ".join(notes)
    note = claim_words(found) + (": the fix holds" if found.exhausted and part.variant == "fixed" else "")
    return f"{found.failures:,}/{found.executions:,} failed", note


def _measured(free: StressResult, part: Part, reproduced: bool) -> tuple[str, str]:
    if part == NATIVE and not free.failed and reproduced:
        return share(free), "the bug hides: plain runs look fine"
    if free.late:
        return share(free), "late: with more time for all it does, none failed"
    return share(free), doubt(free)


def _why(result: Reproduction) -> str:
    """What went wrong: in the broken program, or, where that is the news, in the fixed one."""
    fixed, broken = result.searched(FIXED_SEARCH), result.searched(SEARCH)
    for found in (fixed, broken):
        if found is not None and found.outcome.failed:
            return found.message
    return ""


def _replay(result: Reproduction) -> str:
    fixed, broken = result.searched(FIXED_SEARCH), result.searched(SEARCH)
    return next((replay_line(f) for f in (fixed, broken) if f is not None and f.outcome.failed), "")


def summary(results: Sequence[Reproduction], seed: int, elapsed: float) -> str:
    """The run in a few lines; how each fix stands is told apart, because a limit is no pass."""
    held = [result.standing for result in results if result.standing.stands]
    kinds = {
        Standing.EXHAUSTED: "with every interleaving tried",
        Standing.BOUNDED: "with every interleaving up to a bound tried",
        Standing.SPENT: "for as long as the budget lasted",
    }
    words = [f"{held.count(kind)} {text}" for kind, text in kinds.items() if kind in held]
    lines = [
        f"{count(len(results), 'scenario')} in {seconds(elapsed)}, seed {seed}",
        f"  reproduced  {sum(result.reproduced for result in results)}",
        f"  fixes held  {len(held)}" + (f": {', '.join(words)}" if words else ""),
    ]
    natives = [free for result in results if result.reproduced and (free := result.measured(NATIVE))]
    if hidden := [free for free in natives if not free.failed]:
        lines.append(f"  hidden      {len(hidden)} from native runs: {hidden[0].interpreter.why_it_may_hide()}")
    if wrong := [result for result in results if result.exit_code]:
        lines.append(f"  not right   {len(wrong)}:")
        lines += [f"    {result.scenario.name}: {result.verdict}" for result in wrong]
    return "\n".join(fold(line, line[: len(line) - len(line.lstrip())], " " * 14) for line in lines)


def document(results: Sequence[Reproduction], header: dict[str, Any], elapsed: float) -> dict[str, Any]:
    """`reproduce --json`."""
    return {
        **header,
        "scenarios": [scenario_document(result) for result in results],
        "reproduced": sum(result.reproduced for result in results),
        "held": sum(result.standing.stands for result in results),
        "failed": sum(result.exit_code != 0 for result in results),
        "seconds": round(elapsed, 3),
    }


def scenario_document(result: Reproduction) -> dict[str, Any]:
    return {
        "scenario": result.scenario.name,
        "title": result.scenario.title,
        "expect": result.scenario.expect.value,
        **{variant: dict(_parts(result, variant)) for variant in ("broken", "fixed")},
        "reproduced": result.reproduced,
        "held": result.standing.stands,
        "verdict": result.verdict,
        "exit_code": result.exit_code,
        "seconds": round(result.seconds, 3),
    }


def _parts(result: Reproduction, variant: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for part, value in result.parts.items():
        if part.variant == variant:
            if part in result.faults:
                yield part.mode, {"fault": result.faults[part]}
            elif isinstance(value, Exploration):
                yield part.mode, exploration_document(value)
            else:
                yield part.mode, value.to_json()
