"""The command line's vocabulary: every option is described once and means the same everywhere."""

from __future__ import annotations

import argparse
import difflib
import os
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NoReturn, TypeVar

from harness.budget import Budget
from harness.strategies import STRATEGIES

T = TypeVar("T")


class UsageError(Exception):
    """The command line, or something it names, cannot be used: one line, exit 2."""


class _Help(argparse.HelpFormatter):
    """argparse's layout in 80 columns, whatever the terminal."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=79)


class PlainHelp(_Help, argparse.RawDescriptionHelpFormatter):
    """The same, with the epilog as it was written."""


class Parser(argparse.ArgumentParser):
    """argparse that answers a mistake with one line instead of a page, and proposes what was meant."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"formatter_class": _Help, "allow_abbrev": False, **kwargs})

    def error(self, message: str) -> NoReturn:
        message = message.removeprefix("argument ")
        if found := re.match(r"COMMAND: invalid choice: '([^']*)' \(choose from (.*)\)", message):
            message = f"no command {found[1]!r}{proposal(found[1], re.findall(r'[a-z]+', found[2]))}"
        raise UsageError(f"{message} (see `{self.prog} --help`)")

    def refuse(self, argument: str) -> NoReturn:
        """An argument that no part of the command took."""
        known = [name for action in self._actions for name in action.option_strings]
        words = f"no option {argument!r} here" if argument.startswith("-") else f"{argument!r} is one argument too many"
        self.error(f"{words}{proposal(argument, known)}")


def proposal(word: str, known: Iterable[str]) -> str:
    """`; did you mean X?`, or nothing where no known word is close."""
    close = difflib.get_close_matches(word, list(known), n=1)
    return f"; did you mean {close[0]}?" if close else ""


def _number(kind: type, low: float, words: str) -> Callable[[str], Any]:
    def convert(text: str) -> Any:
        try:
            value = kind(text)
        except ValueError:
            value = None
        if value is None or not low <= value < float("inf"):
            raise argparse.ArgumentTypeError(f"{text!r} is not {words}")
        return value

    return convert


natural = _number(int, 0, "a number, 0 or more")
positive = _number(int, 1, "a number, 1 or more")
duration = _number(float, 0.001, "a number above 0")


def budget(text: str) -> Budget:
    try:
        return Budget.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def shard(text: str) -> tuple[int, int]:
    """`2/5`: the second of five equal parts."""
    found = re.fullmatch(r"(\d+)/(\d+)", text)
    if not found or not 1 <= int(found[1]) <= int(found[2]):
        raise argparse.ArgumentTypeError(f"{text!r} is not a shard: write I/N with 1 <= I <= N")
    return int(found[1]), int(found[2])


def sharded(items: Sequence[T], shard: tuple[int, int] | None) -> list[T]:
    """Every N-th item, beginning with the I-th: the N shards together are everything, once."""
    if shard is None:
        return list(items)
    index, parts = shard
    if index > len(items):
        raise UsageError(f"--shard {index}/{parts}: nothing is left for it, there are only {len(items)} scenarios")
    return list(items[index - 1 :: parts])


def strategy(name: str) -> str:
    if name not in STRATEGIES:
        known = ", ".join(STRATEGIES)
        raise argparse.ArgumentTypeError(f"no strategy {name!r}{proposal(name, STRATEGIES)} (there are: {known})")
    return name


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


Definition = tuple[str, dict[str, Any]]

OPTIONS: dict[str, Definition] = {
    "--seed": ("N", {"type": natural, "default": 0, "help": "where all chance comes from (default 0)"}),
    "--budget": ("B", {"type": budget, "help": "60s, 2m or 500x (executions)"}),
    "--strategy": ("NAME", {"type": strategy, "default": "portfolio", "help": f"{', '.join(STRATEGIES)}"}),
    "--preemptions": ("K", {"type": natural, "help": "try only schedules with at most K preemptions"}),
    "--timeout": ("S", {"type": duration, "default": 10.0, "help": "seconds one execution may take (default 10)"}),
    "--max-steps": ("N", {"type": positive, "help": "steps after which an execution is inconclusive"}),
    "--jobs": ("N", {"type": positive, "help": "worker processes (default: the cores of this machine)"}),
    "--shard": ("I/N", {"type": shard, "help": "only the I-th of N equal parts of the scenarios"}),
    "--ignore-state": (
        "NAME",
        {"action": "append", "default": [], "help": "set this variable aside where loops are looked for (repeatable)"},
    ),
    "--instrument": ("NAME", {"action": "append", "default": [], "help": "also control this package (repeatable)"}),
    "--jsonl": ("FILE", {"help": "append one JSON line per result to FILE"}),
    "--junitxml": ("FILE", {"help": "write a JUnit report to FILE"}),
}
FLAGS: dict[str, str] = {
    "--json": "one JSON document on standard output and nothing else",
    "--keep-going": "go on after the first failure and count them all",
    "--open-stdlib": "take the standard library's threading, queue and concurrent.futures apart, too",
    "-x": "stop at the first scenario that does not come out right",
    "--early-timeouts": "a timeout may fire at any point, as on an overloaded machine",
}
SEARCH = ("--seed", "--budget", "--strategy", "--preemptions", "--timeout", "--max-steps", "--jobs")
WORLD = ("--instrument", "--open-stdlib", "--ignore-state", "--early-timeouts")


def add(parser: argparse.ArgumentParser, *names: str) -> None:
    """Give the command these options, and those that every command has."""
    for name in names:
        if name == "--open-stdlib":  # all stands on `threading`
            how: dict[str, Any] = {"action": "append_const", "const": "threading"}
            parser.add_argument(name, help=FLAGS[name], dest="instrument", default=[], **how)
        elif name in FLAGS:
            destination = {"-x": "exit_first"}.get(name, name.strip("-").replace("-", "_"))
            parser.add_argument(name, action="store_true", help=FLAGS[name], dest=destination)
        else:
            metavar, details = OPTIONS[name]
            parser.add_argument(name, metavar=metavar, **details)
    parser.set_defaults(parser=parser)
    for name, words in (("--color", "colours"), ("--progress", "progress on standard error")):
        parser.add_argument(
            name,
            nargs="?",
            choices=("auto", "always", "never"),
            default="auto",
            const="always",
            help=f"{words}: auto (default), always or never",
        )
