"""The laws of the corpus: what every scenario directory promises, the same for each of them.

A law is a function from a scenario to complaints, each one line with helpful words for its author.
`check` shows them, the test suite asserts that there are none. The laws from `reaches_its_bug` on
execute programs, and are told how much that may cost; where one holds by degrees, it adds a `Remark`
that says how far.
"""

from __future__ import annotations

import ast
import difflib
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from harness import corpus
from harness.budget import Budget
from harness.corpus import Scenario, name_of, resolve
from harness.explore import Exploration, Options, explore, replay
from harness.outcome import Outcome
from harness.schedule import WitnessError
from harness.world.program import TargetError

MAX_LINES = 60
MAX_DIFF = 24
SCRIPT_SECONDS = 60.0
SECTIONS = ["run this", "what did you see?", "one question"]
TODO = "TODO"
"""What a skeleton is full of, and what a finished scenario has none of."""

TO_FAIL = Budget(seconds=20.0, executions=5000)
SAMPLERS = ("random", "pct", "pos", "surw", "fair")


@dataclass(frozen=True)
class Effort:
    """What executing one scenario's programs may cost: `survival` for its fix, `failures` for the ways to fail.

    `samples` executions of each sampling strategy are tried where trying all of them is not enough.
    """

    survival: Budget
    failures: Budget
    samples: int


QUICK = Effort(survival=Budget(seconds=10.0), failures=Budget(seconds=2.0, executions=100), samples=25)
"""For an author who waits, and for the test suite: a few seconds."""

THOROUGH = Effort(survival=Budget(seconds=60.0), failures=Budget(seconds=60.0), samples=2000)
"""For a scenario that is finished: up to some minutes."""


class Remark(str):
    """What is worth knowing of a law that holds."""


Law = Callable[..., Iterator[str]]
"""Called with a scenario; a law that executes programs takes an `Effort` as well."""


def is_filled_in(scenario: Scenario) -> Iterator[str]:
    """Nothing of the skeleton is left."""
    for path in sorted(scenario.directory.rglob("*")):
        if path.suffix in (".py", ".md", ".toml"):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                if TODO in line:
                    yield f"{path.name}:{number} is still to be filled in: {line.strip()}"


def holds_what_belongs_there(scenario: Scenario) -> Iterator[str]:
    """README, broken, fixed, facts; an oracle, an attempt and wrong fixes where there are some; nothing else."""
    directory = scenario.directory
    files = {str(f.relative_to(directory)) for f in directory.rglob("*") if f.is_file() and f.suffix != ".pyc"}
    needed = {"README.md", "broken.py", "fixed.py", "scenario.toml"}
    needed |= {f"wrong_fixes/{wrong.path.name}" for wrong in scenario.wrong_fixes}
    yield from (f"{name} is missing" for name in sorted(needed - files))
    for name in sorted(files - needed - {"oracle.py", "attempt.py"}):
        hint = ": a wrong fix needs its table in scenario.toml" if name.startswith("wrong_fixes/") else ""
        yield f"{name} does not belong in a scenario{hint}"
    if not re.fullmatch(r"[a-z][a-z0-9_]*", directory.name):
        yield f"{directory.name}: a scenario's name is lower case with underscores"


def has_a_readme_with_a_story(scenario: Scenario) -> Iterator[str]:
    """Three sections, and commands that are about this scenario."""
    path = scenario.directory / "README.md"
    if not path.is_file():
        return
    text = path.read_text(encoding="utf-8")
    sections = [title.lower() for title in re.findall(r"^## (.+)$", text, flags=re.MULTILINE)]
    if sections != SECTIONS:
        yield f"README.md has the sections {sections}, it is to have {SECTIONS}"
    for target in dict.fromkeys(re.findall(r"^python -m harness \w+ (\S+)", text, flags=re.MULTILINE)):
        try:
            if name_of(resolve(target).program.path.parent) != scenario.name:
                yield f"README.md: `{target}` is another scenario than {scenario.name}"
        except TargetError as error:
            yield f"README.md: {error}"
    for file in re.findall(r"^python (scenarios/\S+)", text, flags=re.MULTILINE):
        if corpus.ROOT in scenario.directory.parents and not (corpus.ROOT.parent / file).is_file():
            yield f"README.md: there is no {file}"


def names_its_sources(scenario: Scenario) -> Iterator[str]:
    """A textbook bug says so; any other has an address where it was reported."""
    for source in scenario.provenance:
        if source != "classic" and "https://" not in source:
            yield f'provenance {source!r} is neither "classic" nor does it end in the address (https://…) of a report'


def has_short_plain_programs(scenario: Scenario) -> Iterator[str]:
    """Standard library only, every thread has a name, at most MAX_LINES lines."""
    for variant in variants(scenario):
        text = _source(scenario, variant)
        lines = len(text.splitlines())
        if lines > MAX_LINES and variant in ("broken", "fixed"):
            yield f"{variant}.py has {lines} lines, at most {MAX_LINES} fit a screen"
        for name in sorted(_imported(text) - set(sys.stdlib_module_names)):
            yield f"{variant}.py imports {name}: a scenario needs the standard library only"
        for line in _unnamed_threads(text):
            yield f"{variant}.py:{line}: give the thread a name (name=…, thread_name_prefix=…), traces show it"


def leaves_nothing_to_chance(scenario: Scenario) -> Iterator[str]:
    """What an execution does depends on its schedule and on nothing else."""
    for variant in variants(scenario):
        for line, what in _chances(_source(scenario, variant)):
            yield f"{variant}.py:{line}: {what} is chance: the schedule alone is to decide what happens"


def differs_by_its_lesson(scenario: Scenario) -> Iterator[str]:
    """The difference between broken and fixed is a few lines."""
    lines = difflib.ndiff(_source(scenario, "broken").splitlines(), _source(scenario, "fixed").splitlines())
    changed = [line for line in lines if line[0] in "+-" and line[1:].strip()]
    if not changed:
        yield "fixed.py is broken.py: nothing was fixed"
    if len(changed) > MAX_DIFF:
        yield f"broken.py and fixed.py differ in {len(changed)} lines, at most {MAX_DIFF}: the difference is the lesson"


def reaches_its_bug(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """The broken program fails as promised, and in no other way before that."""
    found = explore(scenario.program("broken"), Options(budget=TO_FAIL))
    if found.outcome is not scenario.expect:
        detail = f" ({found.message})" if found.message else ""
        yield f"broken.py is to end in {scenario.expect}, the search found: {found.outcome}{detail}"


def has_one_bug(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """Whatever fails among all executions, or among many of each kind, fails as promised."""
    samples = Budget(executions=effort.samples)
    for strategy, budget in (("exhaustive", effort.failures), ("random", samples), ("fair", samples)):
        found = explore(scenario.program("broken"), Options(strategy=strategy, budget=budget, keep_going=True))
        for outcome, (times, message) in found.failed_with.items():
            if outcome is not scenario.expect:
                yield (
                    f"broken.py is to end in {scenario.expect} and in nothing else, but {times} of {found.executions} "
                    f"executions ({strategy}) ended in {outcome}: {message}"
                )
        if found.outcome is Outcome.INCONCLUSIVE:
            yield f"the {strategy} search of broken.py is inconclusive: {found.message}"
        every = ", all there are" if found.exhausted else ""
        yield Remark(f"{strategy}: {found.failures:,} of {found.executions:,} executions failed{every}")


def has_a_witness_that_replays(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """The witness leads to the promised outcome, twice along the same trace."""
    if not scenario.witness:
        yield f"scenario.toml has no witness: `{_find_witness(scenario)}` finds one and writes it down"
        return
    try:
        first, second = (replay(scenario.program("broken"), scenario.witness, Options()) for _ in range(2))
    except WitnessError as error:
        yield str(error)
        return
    if first.diverged:
        yield f"the witness does not fit any more: {first.diverged}; `{_find_witness(scenario)}` writes a new one"
    elif first.outcome is not scenario.expect:
        yield f"the witness leads to {first.outcome}, scenario.toml expects {scenario.expect}"
    elif first.trace != second.trace:
        yield "the witness leads along two different traces: the program is not deterministic"


def _find_witness(scenario: Scenario) -> str:
    return f"python -m harness check --witness {scenario.name}"


def has_a_fix_that_survives(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """The same search finds no failure of the fixed program; where it does not come to its end, others help."""
    found = explore(scenario.program("fixed"), Options(budget=effort.survival))
    yield from _fallen(found)
    if found.exhausted:
        yield Remark(f"every interleaving was tried: {found.executions:,} executions")
        return
    yield Remark(f"not every interleaving was tried: {found.executions:,} executions")
    if effort is not QUICK:
        yield from _survives_samples(scenario, effort)


def _survives_samples(scenario: Scenario, effort: Effort) -> Iterator[str]:
    for strategy in SAMPLERS:
        options = Options(strategy=strategy, budget=Budget(executions=effort.samples))
        yield from _fallen(explore(scenario.program("fixed"), options))
        yield Remark(f"{strategy}: {effort.samples:,} executions")
    found = explore(scenario.program("fixed"), Options(strategy="exhaustive", preemptions=2, budget=effort.survival))
    yield from _fallen(found)
    every = "every interleaving" if found.claim == "bounded" else "not every interleaving"
    yield Remark(f"{every} with at most 2 preemptions was tried: {found.executions:,} executions")


def _fallen(found: Exploration) -> Iterator[str]:
    if found.outcome.failed:
        yield f"fixed.py ends in {found.outcome}: {found.message}; replay with {found.minimal_witness or found.witness}"
    elif found.outcome is Outcome.INCONCLUSIVE:
        yield f"the {found.strategy} search of fixed.py is inconclusive: {found.message}"


def kills_its_wrong_fixes(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """Every wrong fix fails, in the way it says."""
    for wrong in scenario.wrong_fixes:
        found = explore(scenario.program(wrong.name), Options(budget=TO_FAIL))
        if found.outcome is not wrong.expect:
            yield f"wrong_fixes/{wrong.name}.py is to end in {wrong.expect}, the search found: {found.outcome}"
        yield Remark(f"{wrong.name}: {found.outcome}")
    if not scenario.wrong_fixes:
        yield Remark("there are none yet: what would somebody try who has understood half of it?")


def has_a_fix_that_runs_plainly(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """`python fixed.py` ends well and says nothing on stderr."""
    path = scenario.path("fixed")
    try:
        done = subprocess.run(
            [sys.executable, path], capture_output=True, text=True, timeout=SCRIPT_SECONDS, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        yield f"`python {path.name}` did not end within {SCRIPT_SECONDS:g} s"
        return
    if done.returncode or done.stderr:
        yield f"`python {path.name}` ended with exit code {done.returncode}: {done.stderr.strip()[-200:]}"


def is_on_the_map(scenario: Scenario, effort: Effort = QUICK) -> Iterator[str]:
    """The page about all scenarios shows it to those who look for one, and tells teachers about it."""
    page = corpus.ROOT / "README.md"
    if corpus.ROOT not in scenario.directory.parents or not page.is_file():
        return
    text = page.read_text(encoding="utf-8")
    if f"]({scenario.name}/)" not in text:
        yield (
            "scenarios/README.md does not show it: put what `python -m harness list --markdown` prints between the "
            "marks of the map"
        )
    if f"- **`{scenario.directory.name}`**" not in text:
        yield (
            'scenarios/README.md says nothing of it to teachers: add it under "Scenario by scenario", with its '
            "minutes, what it teaches, what one hears, and its wrong fixes; and to an evening of the self-study"
        )


STATIC: tuple[Law, ...] = (
    is_filled_in,
    holds_what_belongs_there,
    has_a_readme_with_a_story,
    names_its_sources,
    has_short_plain_programs,
    leaves_nothing_to_chance,
    differs_by_its_lesson,
)
"""Laws that only read."""

DYNAMIC: tuple[Law, ...] = (
    reaches_its_bug,
    has_one_bug,
    has_a_witness_that_replays,
    has_a_fix_that_survives,
    kills_its_wrong_fixes,
    has_a_fix_that_runs_plainly,
    is_on_the_map,
)
"""Laws that execute the programs, and one for when all that is done."""


def title(law: Law) -> str:
    """A law's name as words."""
    return law.__name__.replace("_", " ")


def variants(scenario: Scenario) -> list[str]:
    """The programs that a scenario must have, and its wrong fixes."""
    return ["broken", "fixed", *(wrong.name for wrong in scenario.wrong_fixes)]


def _source(scenario: Scenario, variant: str) -> str:
    """The text of a program, "" where there is none. Raises TargetError for what is not Python."""
    return scenario.program(variant).source if scenario.path(variant).is_file() else ""


def _imported(text: str) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add((node.module or "").partition(".")[0])
    return names


def _unnamed_threads(text: str) -> list[int]:
    """Lines on which a thread is made without a name; a Timer gets its name afterwards, all others at once."""
    tree = ast.parse(text)
    wanted = {"Thread": "name", "ThreadPoolExecutor": "thread_name_prefix"}
    named_later = any(
        isinstance(n, ast.Attribute) and n.attr == "name" and isinstance(n.ctx, ast.Store) for n in ast.walk(tree)
    )
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (
            ((called := _called(node)) in wanted and wanted[called] not in {keyword.arg for keyword in node.keywords})
            or (called == "Timer" and not named_later)
        )
    ]


def _called(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


_CHANCE = {"random", "secrets", "uuid", "datetime", "os", "tempfile", "socket"}
"""Modules of numbers, times and places that are others in every run."""


def _chances(text: str) -> Iterator[tuple[int, str]]:
    """Lines on which something else than the schedule may decide, and what."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            for name in names:
                if name.partition(".")[0] in _CHANCE:
                    yield node.lineno, f"the module {name}"
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.time", "time.time_ns", "id", "hash"):
            yield node.lineno, f"{ast.unparse(node.func)}()"
