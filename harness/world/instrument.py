"""Rewrites a program's source so that between any two accesses to shared state there is a scheduling point.

An *access* is a read or write of an attribute, an item, a whole container, a global or a closure
variable. Right before it takes effect a hook is called that says what will be touched and where. A
rewritten program means what it meant: evaluation order, tracebacks, `super()`, `locals()` … stay.

The syntax tree is rewritten and nothing else: lines and columns stay, so a traceback shows the
program's own source. The hooks are looked up as builtins named `_lab_…` (access.py makes them).

    instrument_scopes       what each name means: local, global, closure cell; which need no hook
    instrument_shapes       sites, hook calls, questions about expressions
    instrument_expressions  rules for expressions; the three shapes a rewritten access may have
    instrument_statements   rules for statements

Names: a global `x` is read as `(_lab_global(_lab_globals(), "x", site) or x)`, which keeps NameError
natural, and stored as `x = _lab_global_v(value, …)` or, as part of a larger target, as
`_lab_global_w(_lab_globals(), "x", site)["x"]`. For closure variables `lambda: x` hands over the cell;
a target is `_lab_cell_w(lambda: x, site).cell_contents`.

Not rewritten: type hints; patterns of `match` (announced with the subject); code in strings given to
`exec` and `eval`; asynchronous iteration. Stores by `def`, `class`, `import` and `except … as` to shared
names are announced one statement early (the last: late).
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import CodeType

from harness.world.instrument_scopes import Names
from harness.world.instrument_shapes import Site
from harness.world.instrument_statements import Rewriter

__all__ = ["Site", "instrument", "rewritten"]


def instrument(source: str, filename: str, sites: list[Site]) -> CodeType:
    """The module's code with hooks; each hook's last argument is the number of one of the `sites`, which grow.

    Raises SyntaxError (or ValueError for null bytes) as `compile` would, and where nesting is too deep.
    """
    try:
        tree = rewritten(source, filename, sites)
        with _recursion(2_500):  # times three is what CPython 3.11 allows its compiler
            return compile(tree, filename, "exec", dont_inherit=True)
    except RecursionError:
        raise SyntaxError("too deeply nested to be rewritten", (filename, 1, 0, "")) from None


def rewritten(source: str, filename: str, sites: list[Site]) -> ast.Module:
    """The rewritten syntax tree."""
    tree = ast.parse(source, filename)
    compile(tree, filename, "exec", dont_inherit=True)  # errors as usual, before any rewriting
    with _recursion(20_000):  # Python's own frames: they need no C stack
        rewriter = Rewriter(source, filename, Names(tree), sites)
        rewriter.fields(tree)
        return ast.fix_missing_locations(tree)


@contextmanager
def _recursion(limit: int) -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, limit))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
