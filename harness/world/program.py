"""A program under test: one Python file with a `main()`, its digest, its oracle."""

from __future__ import annotations

import ast
import hashlib
import io
import sys
import tokenize
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import FrozenImporter
from pathlib import Path
from typing import Any


class TargetError(Exception):
    """A target that cannot be loaded; its text is one clear line for the user."""


@dataclass(frozen=True)
class Program:
    """What an execution executes. `settings` are the facts a scenario declares for the harness.

    `digest` is equal for two sources that differ in comments, blank lines and line ends only.
    """

    path: Path
    name: str
    source: str
    digest: str
    oracle: Path | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    aside: tuple[str, ...] = ()
    """Variables that are set aside where its states are compared, beside those that it declares."""

    def ignoring(self, names: Sequence[str]) -> Program:
        """The same program with these variables set aside, too."""
        known = tuple(self.settings.get("ignore_state", ()))
        more = tuple(dict.fromkeys(name for name in names if name not in known))
        settings = {**self.settings, "ignore_state": known + more}
        return replace(self, settings=settings, aside=self.aside + more) if more else self


def load_program(
    path: Path | str, name: str | None = None, oracle: Path | None = None, settings: Mapping[str, Any] | None = None
) -> Program:
    """Read and check the file at `path`; raises TargetError where it cannot be a target."""
    path = Path(path)
    shown = name or str(path)
    source = _read(path)
    tree = _parse(source, path)
    if not _has_main(tree):
        raise TargetError(f"{path}: no main(): a target is a Python file that defines main() at its top level")
    if any(isinstance(node, ast.AsyncFunctionDef) and node.name == "main" for node in tree.body):
        raise TargetError(f"{path}: main() is async: a target's main() is called, not awaited")
    if hidden := _hidden(tree, path.resolve().parent):
        own = f"{hidden}.py beside it hides" if path.stem != hidden else "its own name hides"
        raise TargetError(f"{path}: {own} the standard library's {hidden}, which it imports: rename it")
    if oracle is not None and not oracle.is_file():
        oracle = None
    return Program(path.resolve(), shown, source, digest(source), oracle, dict(settings or {}))


def load_oracle(path: Path | None) -> Callable[[Any], None] | None:
    """The `check` of an oracle's file. Raises TargetError."""
    if path is None:
        return None
    names: dict[str, Any] = {"__name__": "oracle", "__file__": str(path)}
    try:
        exec(compile(path.read_text(encoding="utf-8"), str(path), "exec", dont_inherit=True), names)
        check = names["check"]
    except Exception as error:
        raise TargetError(f"{path}: the oracle cannot be loaded: {type(error).__name__}: {error}") from None
    if not callable(check):
        raise TargetError(f"{path}: check is not callable")
    return check  # type: ignore[no-any-return]


def digest(source: str) -> str:
    """Six hex digits over the source's tokens, the same on every Python version."""
    kept = []
    for line in _without_comments(source).splitlines():
        if line.strip():
            kept.append(line.rstrip())
    return hashlib.sha256("\n".join(kept).encode()).hexdigest()[:6]


def _read(path: Path) -> str:
    if path.is_dir():
        raise TargetError(f"{path}: is a directory, not a Python file")
    if path.exists() and not path.is_file():
        raise TargetError(f"{path}: is a pipe or a device, not a Python file")
    try:
        data = path.read_bytes()
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        return data.decode(encoding).lstrip("\ufeff")
    except FileNotFoundError:
        raise TargetError(f"{path}: no such file") from None
    except (OSError, UnicodeError, SyntaxError) as error:
        raise TargetError(f"{path}: cannot be read: {error}") from None


def _parse(source: str, path: Path) -> ast.Module:
    try:
        with warnings.catch_warnings(action="ignore"):
            tree = ast.parse(source, str(path))
            compile(tree, str(path), "exec", dont_inherit=True)  # some errors are found only then
        return tree
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = getattr(error, "lineno", None)
        raise TargetError(f"{path}{f':{line}' if line else ''}: syntax error: {getattr(error, 'msg', error)}") from None


def _has_main(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and node.name == "main":
            return True
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.id == "main":
            return True
        if isinstance(node, (ast.Import, ast.ImportFrom)) and any(
            (alias.asname or alias.name) in ("main", "*") for alias in node.names
        ):
            return True
    return False


def _hidden(tree: ast.Module, directory: Path) -> str:
    """A module of the standard library that the program imports and a file beside it hides; empty if none.

    What is built in or frozen nothing can hide. The lab has modules of its own for some of the others, and needs the
    rest itself, in the same process.
    """
    imported = [node for node in ast.walk(tree) if isinstance(node, (ast.Import, ast.ImportFrom))]
    names = [alias.name for node in imported if isinstance(node, ast.Import) for alias in node.names]
    names += [node.module or "" for node in imported if isinstance(node, ast.ImportFrom) and not node.level]
    for root in dict.fromkeys(name.partition(".")[0] for name in names):
        beside = (directory / f"{root}.py").is_file() or (directory / root / "__init__.py").is_file()
        if beside and root in sys.stdlib_module_names and not _is_there_at_start(root):
            return root
    return ""


def _is_there_at_start(name: str) -> bool:
    return name in sys.builtin_module_names or FrozenImporter.find_spec(name) is not None


def _without_comments(source: str) -> str:
    lines = source.splitlines(keepends=True)
    try:
        for token in tokenize.generate_tokens(io.StringIO(source).readline):
            if token.type == tokenize.COMMENT:
                row, column = token.start
                lines[row - 1] = lines[row - 1][:column].rstrip() + "\n"
    except (tokenize.TokenError, IndentationError, SyntaxError):
        pass
    return "".join(lines)
