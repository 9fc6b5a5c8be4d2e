"""What a controlled search or a replay found, in words: the verdict first, then the reason and the way back."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping

from harness.critical import CriticalPair
from harness.explain import Place
from harness.explore import Exploration, Replay
from harness.outcome import Outcome
from harness.report.lanes import draw
from harness.report.relevance import relevant
from harness.report.text import WIDTH, Style, clip, count, fold, ordinal, seconds
from harness.schedule import writable
from harness.trace import REFUSED, TIMED_OUT, Trace

RESULTS_SHOWN = 8
RACES_SHOWN = 2


def claim_words(found: Exploration) -> str:
    """How far a search without a failure reaches: four wordings for four things, none more than is true."""
    if found.claim == "exhausted":
        return "every interleaving tried"
    if found.claim == "bounded":
        return f"every interleaving with at most {count(found.bound or 0, 'preemption')} tried"
    if found.claim == "budget spent":
        within = "" if found.bound is None else f" with at most {count(found.bound, 'preemption')}"
        return found.message or f"budget spent: no failure found{within}"
    return "inconclusive" + (f": {found.message}" if found.message else "")


def replay_line(found: Exploration, witness: str | None = None) -> str:
    """The command that shows the failure, or that witness, again; empty where no witness leads to it."""
    witness = witness or found.minimal_witness or found.witness
    if not witness:
        return ""
    words = ["python", "-m", "harness", "replay", found.target, witness]
    words += [f"--ignore-state={name}" for name in found.ignore_state if not writable(name)]
    words += [f"--max-steps={found.max_steps}"] if found.max_steps else []
    return shlex.join(words)


def bypass_words(most: int) -> str:
    """The largest bypass."""
    return (
        f"a waiting thread was passed over {count(most, 'time')} at most"
        if most
        else "no waiting thread was passed over"
    )


def preemptions(found: Exploration) -> int | None:
    """How many preemptions the failure needs; None where threads take turns for ever, which has no number."""
    return None if found.outcome in (Outcome.LIVELOCK, Outcome.STARVATION) else found.preemptions


def colour_of(outcome: Outcome) -> tuple[str, ...]:
    if outcome.failed:
        return ("red", "bold")
    return ("green",) if outcome is Outcome.PASSED else ("yellow",)


def exploration_text(found: Exploration, style: Style) -> str:
    """`explore` for a person."""
    return "\n".join(_exploration_lines(found, style))


def _exploration_lines(found: Exploration, style: Style) -> Iterator[str]:
    yield _titled(found.target, headline(found), colour_of(found.outcome), style)
    rate = f"{found.executions_per_second:,.0f}/s" if found.executions_per_second else ""
    effort = f"{count(found.executions, 'execution')} in {seconds(found.seconds)}{f' ({rate})' if rate else ''}"
    yield fold(f"{effort}, {found.strategy}, seed {found.seed}, Python {found.python}", "  search   ")
    if found.timed and found.claim in ("exhausted", "bounded"):
        yield fold(
            "sleeps and time limits last exactly as long as they say; --early-timeouts ends them early", "  given    "
        )
    if found.outcome.failed:
        if found.failures > 1:
            kinds = [f"{times:,} {outcome}" for outcome, (times, _) in found.failed_with.items()]
            words = f": {', '.join(kinds)}" if len(kinds) > 1 else ""
            yield f"  failed   {found.failures:,} of {found.executions:,}{words}"
        yield fold(found.message or str(found.outcome), "  why      ")
        if (least := preemptions(found)) is not None:
            proof = ": no schedule with fewer fails like this" if found.fewest and least else ""
            yield f"  needs    {'' if found.fewest else 'at most '}{count(least, 'preemption')}{proof}"
        if found.critical_pair is not None:
            yield from _decisive_lines(found.critical_pair)
        elif found.witness and not found.unfinished:
            always = found.orders > 1 and found.failures == found.executions
            nothing = f"no two steps, it seems: of {found.orders} other orders that were tried none passes"
            unknown = "no two steps were found of which swapping alone makes it pass"
            yield fold(nothing if always else unknown, "  decides  ")
        if found.unfinished:
            yield fold(f"{found.unfinished}: the witness may not be the smallest", "  note     ")
    yield from _race_lines(found)
    for potential in found.potential_deadlocks:
        yield fold(f"{potential.sentence}; {potential.tried}", "  warning  ")
    if found.results:
        yield fold(histogram(found.results), "  results  ")
    yield f"  bypass   {bypass_words(found.max_bypass)}"
    if found.outcome.failed:
        if found.trace is not None and found.trace.steps:
            yield ""
            yield picture(found.trace, found.outcome, found.message, style)
            yield ""
        if found.critical_pair is not None:
            yield f"  passes   {replay_line(found, found.critical_pair.passing)}"
        if line := replay_line(found):
            yield f"  replay   {line}"


def _titled(name: str, verdict: str, colour: tuple[str, ...], style: Style) -> str:
    """The name and the verdict, on a line of its own where they do not fit into one."""
    apart = len(name) + 2 + len(verdict) > WIDTH
    words = fold(verdict, "  ") if apart else verdict
    return f"{style.paint(name, 'bold')}{chr(10) if apart else '  '}{style.paint(words, *colour)}"


def _decisive_lines(pair: CriticalPair) -> Iterator[str]:
    """The two steps, each with its line of source and its value."""
    yield fold(f"{pair.sentence}; the other way round it passes", "  decides  ")
    for place in (pair.first, pair.second):
        if place.source:
            value = f"   ({_outcome_of(place)})" if place.value else ""
            room = WIDTH - 13 - len(place.at) - len(value)
            yield f"           {place.at}  {clip(place.source, room)}{value}"


def _outcome_of(place: Place) -> str:
    """`reads 5`, `refused`."""
    value = clip(place.value, 24)
    return value if value in (REFUSED, TIMED_OUT) else f"{place.operation}s {value}"


def _race_lines(found: Exploration) -> Iterator[str]:
    for number, race in enumerate(found.races[:RACES_SHOWN]):
        yield fold(race.sentence, "  races    " if number == 0 else "           ")
    if len(found.races) > RACES_SHOWN:
        yield f"           and {count(len(found.races) - RACES_SHOWN, 'other pair')} of places"


def headline(found: Exploration) -> str:
    """The verdict of a search in one line."""
    if found.outcome.failed and found.first_failure:
        tried = " (every interleaving tried)" if found.exhausted else ""
        return f"{str(found.outcome).upper()} in the {ordinal(found.first_failure)} of {found.executions:,}{tried}"
    if found.outcome is Outcome.INCONCLUSIVE:
        return f"INCONCLUSIVE: {found.message}" if found.message else "INCONCLUSIVE"
    return f"0 of {found.executions:,} failed; {claim_words(found)}"


def histogram(results: Mapping[str, int]) -> str:
    """`[1, 2]: 412, [2, 1]: 88`, the most frequent first."""
    ranked = sorted(results.items(), key=lambda item: (-item[1], item[0]))
    words = [f"{clip(result, 40)}: {number:,}" for result, number in ranked[:RESULTS_SHOWN]]
    if len(ranked) > RESULTS_SHOWN:
        words.append(f"and {count(len(ranked) - RESULTS_SHOWN, 'other result')}")
    return ", ".join(words)


def picture(trace: Trace, outcome: Outcome, message: str, style: Style) -> str:
    """The steps that explain the trace, drawn, and how many are not shown."""
    shown = relevant(trace, outcome, message)
    left_out = len(trace.steps) - len(shown.steps)
    if not left_out:
        return draw(shown, style)
    words = f"    ({count(left_out, 'step')} that do not matter here left out: replay --all-steps shows them)"
    return f"{draw(shown, style)}\n{style.paint(words, 'dim')}"


def replay_text(found: Replay, style: Style, all_steps: bool = False) -> str:
    """`replay` for a person: the steps, what the program printed, and how it ended."""
    parts = []
    if found.trace is not None and found.trace.steps:
        whole = all_steps or found.diverged
        if whole:
            shown = draw(found.trace, style, loops=not all_steps)
        else:
            shown = picture(found.trace, found.outcome, found.message, style)
        parts += [shown, ""]
    if found.output:
        parts += [style.paint("printed by the program:", "bold"), found.output.rstrip("\n"), ""]
    if found.diverged:
        parts.append(_worded("DIVERGED", found.diverged.removeprefix("diverged"), ("red", "bold"), style))
    else:
        detail = found.message or (f"main() returned {found.result}" if found.result is not None else "")
        parts.append(_worded(str(found.outcome).upper(), f"  {detail}", colour_of(found.outcome), style))
        if found.edited:
            parts.append("  (the program was edited since this witness was written, and it still fits)")
    return "\n".join(parts)


def _worded(verdict: str, detail: str, colour: tuple[str, ...], style: Style) -> str:
    words = fold(f"{verdict}{detail}".rstrip(), "", "  ")
    return style.paint(verdict, *colour) + words[len(verdict) :]
