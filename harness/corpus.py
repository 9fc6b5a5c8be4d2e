"""Scenario directories: finding them, reading `scenario.toml`, and resolving what a user calls TARGET.

Every problem is a `TargetError` with one line that names the file and the key, because the reader of it
is the author of a scenario or a person who mistyped a name.
"""

from __future__ import annotations

import difflib
import fnmatch
import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.outcome import Outcome
from harness.world.program import Program, TargetError, load_program

ROOT = Path(__file__).resolve().parent.parent / "scenarios"
CLASSES = ("race_condition", "deadlock", "starvation", "livelock")
FAILURES = tuple(outcome.value for outcome in Outcome if outcome.failed)
SETTINGS = ("bypass_bound", "ignore_state", "max_steps", "time_scale")


@dataclass(frozen=True)
class WrongFix:
    """A tempting fix that does not hold: which outcome kills it, why it tempts, why it fails."""

    name: str
    path: Path
    expect: Outcome
    tempts: str
    fails: str


@dataclass(frozen=True)
class Scenario:
    """One directory of the corpus, read and checked. `settings` go to the engine as they are."""

    directory: Path
    title: str
    subclass: str
    level: int
    tools: tuple[str, ...]
    threads: int
    expect: Outcome
    cause: str
    witness: str
    hints: tuple[str, ...]
    explanation: str
    provenance: tuple[str, ...]
    settings: Mapping[str, Any]
    wrong_fixes: tuple[WrongFix, ...]

    @property
    def bug_class(self) -> str:
        return self.directory.parent.name

    @property
    def name(self) -> str:
        return name_of(self.directory)

    def path(self, variant: str) -> Path:
        """The file of a variant: `broken`, `fixed`, `attempt`, or the name of a wrong fix."""
        if variant in ("broken", "fixed", "attempt"):
            return self.directory / f"{variant}.py"
        for wrong in self.wrong_fixes:
            if wrong.name == variant:
                return wrong.path
        known = ", ".join(["broken", "fixed", "attempt", *(wrong.name for wrong in self.wrong_fixes)])
        raise TargetError(f"{self.name} has no variant {variant!r} (there are: {known})")

    def program(self, variant: str) -> Program:
        path = self.path(variant)
        if variant == "attempt" and not path.is_file():
            raise TargetError(f"{self.name} has no attempt yet: {shown(path)} does not exist")
        oracle = self.directory / "oracle.py"
        return load_program(
            path,
            name=f"{self.name}:{variant}",
            oracle=oracle if oracle.is_file() else None,
            settings=self.settings,
        )


@dataclass(frozen=True)
class Target:
    """What TARGET stands for: a program, and the scenario and variant it belongs to, if any."""

    program: Program
    scenario: Scenario | None = None
    variant: str | None = None

    @property
    def supposed_to_hold(self) -> bool:
        """True where a failure says that a fix does not hold."""
        return self.variant not in (None, "broken")


def directories(root: Path | None = None) -> list[Path]:
    """Every scenario directory, in the order of the classes, then by name."""
    found = (root or ROOT).glob("*/*/scenario.toml")
    order = {name: index for index, name in enumerate(CLASSES)}
    return sorted((path.parent for path in found), key=lambda d: (order.get(d.parent.name, len(order)), str(d)))


def name_of(directory: Path) -> str:
    """`class/name`, as users write it."""
    return f"{directory.parent.name}/{directory.name}"


def shown(path: Path) -> str:
    """The path as one would type it here: relative to the working directory where that is shorter."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def select(patterns: Iterable[str]) -> list[Scenario]:
    """The scenarios that the patterns name, each once, in the corpus' order; all of them for no pattern."""
    patterns = list(patterns)
    if not patterns:
        return [load(directory) for directory in directories()]
    chosen = [directory for pattern in patterns for directory in _matching(pattern)]
    order = directories()
    unique = sorted(set(chosen), key=lambda d: (d not in order, order.index(d) if d in order else 0, str(d)))
    return [load(directory) for directory in unique]


def resolve(target: str) -> Target:
    """The one program that TARGET names; a scenario without a variant means its broken program."""
    if target.endswith(".py"):
        return _resolve_file(Path(target), target)
    pattern, _, variant = target.partition(":")
    if pattern.endswith(".py"):
        raise TargetError(f"{target}: only a scenario has a :{variant}, a file is named without")
    found = _matching(pattern)
    if len(found) > 1:
        raise TargetError(f"{pattern!r} matches {len(found)} scenarios, one is needed: {_names(found)}")
    scenario = load(found[0])
    variant = variant or "broken"
    return Target(scenario.program(variant), scenario, variant)


def _resolve_file(path: Path, target: str) -> Target:
    """A file; a scenario's own file brings its scenario's oracle and settings along."""
    try:
        resolved = path.resolve()
    except (OSError, RuntimeError) as error:  # a loop of links, until 3.13
        raise TargetError(f"{path}: cannot be read: {error}") from None
    wrong_fix = resolved.parent.name == "wrong_fixes"
    directory = resolved.parent.parent if wrong_fix else resolved.parent
    variant = resolved.stem
    known = wrong_fix or variant in ("broken", "fixed", "attempt")
    if known and resolved.is_file() and (directory / "scenario.toml").is_file():
        scenario = load(directory)
        return Target(scenario.program(variant), scenario, variant)
    return Target(load_program(path, name=target))


def _matching(pattern: str) -> list[Path]:
    """The directories that a pattern names: at least one, more than one only for a glob or a class."""
    as_path = Path(pattern)
    if (as_path / "scenario.toml").is_file():
        return [as_path.resolve()]
    if ":" in pattern:
        raise TargetError(f"a scenario is needed here, not one of its programs: {pattern.partition(':')[0]}")
    every = directories()
    for matches in (_exact, _glob, _part):
        if found := [directory for directory in every if matches(pattern, directory)]:
            break
    else:
        raise TargetError(_unknown(pattern, every))
    if len(found) > 1 and matches is _part:
        raise TargetError(f"{pattern!r} is part of {len(found)} scenarios' names: {_names(found)}")
    return found


def _exact(pattern: str, directory: Path) -> bool:
    return pattern.rstrip("/") in (name_of(directory), directory.name, directory.parent.name)


def _glob(pattern: str, directory: Path) -> bool:
    return any(c in pattern for c in "*?[") and any(
        fnmatch.fnmatchcase(name, pattern) for name in (name_of(directory), directory.name)
    )


def _part(pattern: str, directory: Path) -> bool:
    bug_class, slash, name = pattern.partition("/")
    if slash:
        return bug_class in directory.parent.name and name in directory.name
    return pattern in name_of(directory)


def _names(found: list[Path]) -> str:
    names = [name_of(directory) for directory in found]
    return ", ".join(names[:6]) + (f" and {len(names) - 6} more" if len(names) > 6 else "")


def _unknown(pattern: str, every: list[Path]) -> str:
    """The line for a name that fits nothing; it proposes what the user may have meant."""
    if Path(pattern).is_file() and pattern.endswith(".py"):
        return f"a scenario is needed here, not a file: {pattern}"
    if Path(pattern).exists():
        return f"{pattern!r} is neither a scenario nor a .py file"
    names = {name: name_of(directory) for directory in every for name in (name_of(directory), directory.name)}
    names |= {name: name for name in CLASSES}
    close = difflib.get_close_matches(pattern, names, n=2, cutoff=0.6)
    words = {word: names[word] for word in close}
    if words:
        return f"no scenario {pattern!r}; did you mean {' or '.join(dict.fromkeys(words.values()))}?"
    return f"no scenario {pattern!r} (see `python -m harness list`)"


def load(directory: Path) -> Scenario:
    """Read and check one directory's `scenario.toml`."""
    path = directory / "scenario.toml"
    try:
        facts = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"{shown(path)}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetError(f"{shown(path)}: {error}") from None
    _check(facts, KEYS, f"{shown(path)}: ")
    settings = {key: facts[key] for key in SETTINGS if key in facts}
    if "ignore_state" in settings:
        settings["ignore_state"] = tuple(settings["ignore_state"])
    return Scenario(
        directory=directory,
        title=facts["title"],
        subclass=facts["subclass"],
        level=facts["level"],
        tools=tuple(facts["tools"]),
        threads=facts["threads"],
        expect=Outcome(facts["expect"]),
        cause=facts.get("cause", ""),
        witness=facts["witness"],
        hints=tuple(facts["hints"]),
        explanation=facts["explanation"],
        provenance=tuple(facts["provenance"]),
        settings=settings,
        wrong_fixes=tuple(_wrong_fixes(directory, facts.get("wrong_fixes", {}), path)),
    )


def _wrong_fixes(directory: Path, tables: Mapping[str, Any], path: Path) -> Iterable[WrongFix]:
    for name, facts in tables.items():
        where = f"{shown(path)}: wrong_fixes.{name}"
        if not isinstance(facts, dict):
            raise TargetError(f"{where} is to be a table")
        _check(facts, WRONG_FIX_KEYS, f"{where}.")
        program = directory / "wrong_fixes" / f"{name}.py"
        if not program.is_file():
            raise TargetError(f"{where}: there is no {shown(program)}")
        yield WrongFix(name, program, Outcome(facts["expect"]), facts["tempts"], facts["fails"])


def _text(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def _texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(_text(item) for item in value)


def _positive(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 1


def _factor(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


class _Key:
    """What a key of `scenario.toml` is to hold: a check, and the words for it."""

    def __init__(self, holds: Callable[[Any], bool], words: str, optional: bool = False) -> None:
        self.holds, self.words, self.optional = holds, words, optional


_EXPECT = _Key(lambda value: value in FAILURES, f"one of {', '.join(FAILURES)}")
_TEXT = _Key(_text, "a text")

KEYS: Mapping[str, _Key] = {
    "title": _TEXT,
    "subclass": _TEXT,
    "level": _Key(lambda value: _positive(value) and value <= 3, "1, 2 or 3"),
    "tools": _Key(_texts, "a list of names"),
    "threads": _Key(_positive, "a number of threads"),
    "expect": _EXPECT,
    "cause": _Key(_text, "a text", optional=True),
    "witness": _Key(lambda value: isinstance(value, str), "a witness"),
    "hints": _Key(lambda value: _texts(value) and len(value) == 3, "a list of three texts"),
    "explanation": _TEXT,
    "provenance": _Key(_texts, "a list of texts"),
    "bypass_bound": _Key(_positive, "a positive number", optional=True),
    "ignore_state": _Key(_texts, "a list of names", optional=True),
    "max_steps": _Key(_positive, "a positive number", optional=True),
    "time_scale": _Key(_factor, "a number above 0", optional=True),
    "wrong_fixes": _Key(lambda value: isinstance(value, dict), "a table of tables", optional=True),
}
WRONG_FIX_KEYS: Mapping[str, _Key] = {"expect": _EXPECT, "tempts": _TEXT, "fails": _TEXT}


def _check(facts: Mapping[str, Any], keys: Mapping[str, _Key], where: str) -> None:
    """Every key is known, every required key is there, every value is of its kind; else a TargetError."""
    for name in facts:
        if name not in keys:
            close = difflib.get_close_matches(name, keys, n=1)
            raise TargetError(f"{where}{name}: unknown key" + (f", did you mean {close[0]}?" if close else ""))
    for name, key in keys.items():
        if name not in facts:
            if not key.optional:
                raise TargetError(f"{where}{name}: missing, it is to be {key.words}")
        elif not key.holds(facts[name]):
            raise TargetError(f"{where}{name}: {facts[name]!r} is not {key.words}")
