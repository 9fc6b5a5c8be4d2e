"""What the harness does with a program's source before it is run: everything that a warm parent need not do itself.

The less a process has in its memory, the less a fork of it costs: a parent that compiles nothing has half of it.
"""

from __future__ import annotations

import ast
import base64
import marshal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.util import decode_source
from pathlib import Path
from types import CodeType
from typing import NamedTuple

from harness.children.job import Home
from harness.children.repeatable import repeatable
from harness.world.instrument import instrument

Compile = Callable[[str, str], CodeType]  # source, filename
_NEVER_AHEAD = {"antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo", "faulthandler", "sched"}

_TALK = ("print", "stdout", "stderr", "argparse")


class Prepared(NamedTuple):
    """The part of a job that follows from the program's source. codes: see `Job`."""

    codes: dict[str, str]
    ahead: tuple[str, ...]
    repeatable: bool
    talks: bool


def prepared(path: str, source: str, oracle: str | None, mode: str) -> Prepared:
    """The program and the modules beside it, compiled for this mode.

    Raises SyntaxError or ValueError where the program or its oracle cannot be compiled, OSError where it is gone.
    """
    compile_ = compiler(mode)
    codes = {path: compile_(source, path)}
    neighbours = dict(_neighbours(source, Path(path).parent, set()))
    for file, text in neighbours.items():
        with suppress(SyntaxError, ValueError):  # the child that imports it will say so
            codes[str(file)] = compile_(text, str(file))
    if oracle is not None:
        codes[oracle] = compile(Path(oracle).read_bytes(), oracle, "exec", dont_inherit=True)
    texts = {file: base64.b64encode(marshal.dumps(code)).decode() for file, code in codes.items()}
    sources = (source, *neighbours.values())
    again = repeatable(sources, (file.stem for file in neighbours))
    talks = any(word in text for text in sources for word in _TALK)
    return Prepared(texts, tuple(_ahead(source, Path(path).parent)), again, talks)


def compiler(mode: str) -> Compile:
    """How source becomes code in this mode: with scheduling points for stress, else as it is."""
    if mode == "stress":
        return lambda source, filename: instrument(source, filename, [])
    return lambda source, filename: compile(source, filename, "exec", dont_inherit=True)


def compiled(filename: str, mode: str) -> CodeType:
    """The code of a file that nobody knew the program would import."""
    return compiler(mode)(_source(Path(filename)), filename)


def _neighbours(source: str, home: Path, seen: set[Path]) -> Iterator[tuple[Path, str]]:
    """The single-file modules beside the program that it imports by name, and those they import, with their source.

    One that is no Python is passed over: perhaps it is never imported, and if it is, that fails in the child.
    """
    for name in _imported(source):
        path = home / f"{name}.py"
        if path not in seen and str(path) in Home(path) and name not in sys.stdlib_module_names and path.is_file():
            seen.add(path)
            with suppress(SyntaxError, ValueError, OSError):
                text = _source(path)
                ast.parse(text)
                yield path, text
                yield from _neighbours(text, home, seen)


def _source(path: Path) -> str:
    """As the interpreter reads it, in the encoding that it declares."""
    return decode_source(path.read_bytes())


def _ahead(source: str, home: Path) -> Iterator[str]:
    """The standard library's modules that a program names, so that no child has to import them.

    Only those that nothing beside the program shadows.
    """
    for name in sorted(_imported(source)):
        shadowed = (home / f"{name}.py").exists() or (home / name).exists()
        if name in sys.stdlib_module_names and name not in _NEVER_AHEAD and not shadowed:
            yield name


def _imported(source: str) -> set[str]:
    """First parts of all module names that the source imports, wherever the statement stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
