"""The variables of a running function, those first by whose name a person would call what they hold.

A loop's variable is passing: now it holds this fork, now that one, which is better called `forks[2]`.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType, FrameType
from typing import Any

Variables = list[tuple[str, Any]]

_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def variables(frame: FrameType) -> tuple[Variables, Variables]:
    """(steady, passing): names and values of a function's variables. `self` goes by its type."""
    passing = _loop_variables(frame.f_code)
    found: tuple[Variables, Variables] = ([], [])
    for name, value in _locals(frame):
        if name in ("self", "cls"):
            found[0].append((type(value).__name__ if name == "self" else name, value))
        elif name.isidentifier() and not name.startswith("_lab_"):
            found[passing is None or name in passing].append((name, value))
    return found


def _locals(frame: FrameType) -> Variables:
    """Names and values now. Up to 3.12 `f_locals` is a copy that a frame keeps, and that keeps things alive."""
    found = frame.f_locals
    items = list(found.items())
    if sys.version_info < (3, 13) and frame.f_code.co_flags & inspect.CO_OPTIMIZED:
        found.clear()
    return items


@lru_cache(maxsize=1_000)
def _loop_variables(code: CodeType) -> frozenset[str] | None:
    """Names that the function's own loops and comprehensions bind; None where it is nothing but a comprehension."""
    if code.co_name.startswith("<") and code.co_name not in ("<module>", "<lambda>"):
        return None
    return _loops_of(code.co_filename).get(code.co_qualname, frozenset())


@lru_cache(maxsize=100)
def _loops_of(file: str) -> dict[str, frozenset[str]]:
    """For each function of the file, by its qualified name, the names that its loops bind."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return {}
    found: dict[str, set[str]] = {}
    for qualname, node in _functions(tree, ""):
        for target in _targets(node):
            found.setdefault(qualname, set()).update(n.id for n in ast.walk(target) if isinstance(n, ast.Name))
    return {name: frozenset(names) for name, names in found.items()}


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield prefix + child.name, child
            yield from _functions(child, f"{prefix}{child.name}.<locals>.")
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")
        else:
            yield from _functions(child, prefix)


def _targets(function: ast.AST) -> Iterator[ast.AST]:
    """What the loops inside the function bind, without those of functions in it."""
    for child in ast.iter_child_nodes(function):
        if isinstance(child, (ast.For, ast.AsyncFor)):
            yield child.target
        elif isinstance(child, _COMPREHENSIONS):
            yield from (generator.target for generator in child.generators)
        if not isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)):
            yield from _targets(child)
