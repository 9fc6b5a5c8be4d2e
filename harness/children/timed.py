"""Whether a program goes by the clock, as far as its source tells."""

from __future__ import annotations

import ast

_CLOCKS = {"time", "sched", "asyncio", "datetime", "signal"}  # modules
_TIMED = {"Timer", "sleep", "call_later", "settimeout"}
_WAITS = {"wait": 1, "result": 1, "acquire": 2, "wait_for": 2, "get": 2, "put": 3}  # which argument limits the time


def by_the_clock(source: str) -> bool:
    """Whether what the program does may depend on how fast time passes: it asks for the time, or waits with a limit."""
    return any(_is_timed(node) for node in ast.walk(ast.parse(source)))


def _is_timed(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.partition(".")[0] in _CLOCKS for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in _CLOCKS or any(alias.name in _TIMED for alias in node.names)
    if isinstance(node, ast.Attribute):
        return node.attr in _TIMED
    if not isinstance(node, ast.Call):
        return False
    method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    first = node.args[0].value if node.args and isinstance(node.args[0], ast.Constant) else None
    return (
        any(keyword.arg == "timeout" for keyword in node.keywords)
        or (method == "join" and isinstance(first, (int, float)))  # a text joins texts
        # A dictionary's get has two arguments as well.
        or (len(node.args) >= _WAITS.get(method, 99) and (method != "get" or first is True))
    )
