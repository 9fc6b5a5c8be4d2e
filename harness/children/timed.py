"""Whether a program goes by the clock, as far as its source tells."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.children.repeatable import is_script_part

# What of these modules asks what time it is, or waits. Of `time` it is all but what works on times that are given.
_CLOCKS = {
    "sched": {"scheduler"},
    "asyncio": {"sleep", "wait_for", "wait", "timeout", "timeout_at"},
    "signal": {"alarm", "setitimer", "sigtimedwait"},
}
_TIMELESS = {"struct_time", "strptime", "mktime", "timezone", "altzone", "daylight", "tzname", "get_clock_info"}
_TIMED = {"Timer", "sleep", "call_later", "call_at", "settimeout"}
_NOW = {"now", "utcnow", "today"}
_WAITS = {"wait": 1, "result": 1, "acquire": 2, "wait_for": 2, "get": 2, "put": 3}  # which argument limits the time


def by_the_clock(source: str) -> bool:
    """Whether what the program does may depend on how fast time passes: it asks for the time, or waits with a limit.

    An import alone does not.
    """
    tree = ast.parse(source)
    tree.body = [statement for statement in tree.body if not is_script_part(statement)]
    nodes = list(ast.walk(tree))
    imported = {name: origin for node in nodes for name, origin in _imported(node)}
    return any(_is_timed(node, imported) for node in nodes)


def _imported(node: ast.AST) -> Iterator[tuple[str, str]]:
    """(name, where it is from): `time` or `time.sleep`."""
    if isinstance(node, ast.Import):
        yield from ((alias.asname or alias.name.partition(".")[0], alias.name) for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        yield from ((alias.asname or alias.name, f"{node.module}.{alias.name}") for alias in node.names)


def _is_timed(node: ast.AST, imported: dict[str, str]) -> bool:
    if isinstance(node, ast.ImportFrom):  # what `*` brings cannot be told from other names
        return any(_is_clock(f"{node.module}.sleep") and alias.name == "*" for alias in node.names)
    if isinstance(node, ast.Name):
        return _is_clock(imported.get(node.id, ""))
    if isinstance(node, ast.Attribute):
        origin = imported.get(node.value.id, "") if isinstance(node.value, ast.Name) else ""
        of_today = node.attr in _NOW and any(name.partition(".")[0] == "datetime" for name in imported.values())
        return _is_clock(f"{origin}.{node.attr}") or of_today
    return isinstance(node, ast.Call) and _waits_with_a_limit(node)


def _is_clock(origin: str) -> bool:
    module, _, name = origin.rpartition(".")
    if module == "time":
        return name not in _TIMELESS
    return name in _TIMED or name in _CLOCKS.get(module, ())


def _waits_with_a_limit(call: ast.Call) -> bool:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    first = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
    return (
        any(keyword.arg == "timeout" for keyword in call.keywords)
        or (method == "join" and isinstance(first, (int, float)))  # a text joins texts
        # A dictionary's get has two arguments as well.
        or (len(call.args) >= _WAITS.get(method, 99) and (method != "get" or first is True))
    )
