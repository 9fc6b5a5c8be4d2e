"""What every rewriting rule needs: sites, hook calls, and a few questions about expressions."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import NamedTuple, TypeVar

from harness.world.instrument_scopes import BUILTIN, CELL, GLOBAL, LOCAL, Names, Scope

Node = TypeVar("Node", bound=ast.AST)
_SCALAR_CALLS = frozenset(
    ("len", "int", "float", "str", "abs", "round", "ord", "chr", "repr", "isinstance", "issubclass", "callable",
     "hasattr", "bool", "any", "all", "id", "hash", "format", "hex")
)  # fmt: skip
_NUMERIC_OPERATORS = (ast.Div, ast.FloorDiv, ast.Pow, ast.LShift, ast.RShift, ast.MatMult)


class Site(NamedTuple):
    """A place in a program that accesses something. `text` is its first line, stripped."""

    file: str
    line: int
    end_line: int
    col: int
    function: str
    text: str

    @property
    def number(self) -> int:
        """The same in every process, in whatever order modules are loaded."""
        place = repr((self.file, self.line, self.col, self.function))
        return int.from_bytes(blake2b(place.encode(), digest_size=6).digest(), "big")


class Shapes:
    """The state of one rewriting: where we are, and the sites found so far."""

    def __init__(self, source: str, filename: str, names: Names, sites: list[Site]) -> None:
        self.filename = filename
        self.lines = re.split(r"\r\n|\r|\n", source)
        self.names = names
        self.sites = sites
        self.scope = names.module
        self.class_name = ""
        self.unbound: set[str] = set()  # cell variables whose native binding was rewritten away
        self._known: dict[tuple[int, int, str], int] = {}

    def visit(self, node: ast.AST) -> ast.AST:
        method = getattr(self, "visit_" + type(node).__name__, None)
        if method is not None:
            return method(node)  # type: ignore[no-any-return]
        return self.fields(node)

    def fields(self, node: ast.AST) -> ast.AST:
        """Rewrite what a node consists of, type hints excepted."""
        for name, value in ast.iter_fields(node):
            if name in ("annotation", "returns", "type_params"):
                continue
            if isinstance(value, ast.AST):
                setattr(node, name, self.visit(value))
            elif isinstance(value, list):
                setattr(node, name, self.each(value))
        return node

    def each(self, nodes: Sequence[ast.AST]) -> list[ast.AST]:
        """Rewrite a list of nodes; a rule may answer a statement with several."""
        result: list[ast.AST] = []
        for node in nodes:
            new = self.visit(node) if isinstance(node, ast.AST) else node
            result.extend(new if isinstance(new, list) else [new])
        return result

    def expression(self, node: ast.expr) -> ast.expr:
        new = self.visit(node)
        assert isinstance(new, ast.expr)
        return new

    @contextmanager
    def inside(self, node: ast.AST | None) -> Iterator[Scope]:
        """Within the block that `node` opens (no change for None)."""
        outer, self.scope = self.scope, self.names.scopes[node] if node else self.scope
        try:
            yield self.scope
        finally:
            self.scope = outer

    def site(self, node: ast.AST) -> ast.Constant:
        """The site of a node, as a constant."""
        line: int = getattr(node, "end_lineno" if isinstance(node, ast.Attribute) else "lineno", 1) or 1
        column: int = getattr(node, "col_offset", 0)
        function = self.scope.qualname
        known = (line, column, function)
        if known not in self._known:
            text = self.lines[line - 1].strip() if line <= len(self.lines) else ""
            end = getattr(node, "end_lineno", line) or line
            site = Site(self.filename, line, max(line, end), column, function, text)
            self._known[known] = site.number
            self.sites.append(site)
        return ast.Constant(self._known[known])

    def hook(self, name: str, at: ast.AST, *arguments: ast.expr) -> ast.Call:
        """A call of a hook, which stands where `at` stands."""
        call = ast.Call(ast.Name("_lab_" + name, ast.Load()), list(arguments), [])
        return placed(call, at)

    def text_of(self, name: str) -> ast.Constant:
        return ast.Constant(self.mangled(name))

    def mangled(self, name: str) -> str:
        """A private name as the compiler will spell it."""
        owner = self.class_name.lstrip("_")
        private = name.startswith("__") and not name.endswith("__")
        return f"_{owner}{name}" if private and owner else name

    def meaning(self, name: str) -> str:
        return self.names.meaning(self.scope, name)

    def global_arguments(self, name: str, at: ast.AST) -> tuple[ast.expr, ast.expr, ast.Constant]:
        return self.hook("globals", at), self.text_of(name), self.site(at)

    def cell_arguments(self, name: str, at: ast.AST) -> tuple[ast.expr, ast.Constant]:
        nothing = ast.arguments(posonlyargs=[], args=[], kwonlyargs=[], kw_defaults=[], defaults=[])
        return placed(ast.Lambda(nothing, ast.Name(name, ast.Load())), at), self.site(at)

    def is_simple(self, node: ast.AST) -> bool:
        """True if evaluating the expression twice, or a moment early, changes nothing and touches nothing shared."""
        if isinstance(node, ast.Name):
            return self.meaning(node.id) in (LOCAL, BUILTIN)
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.operand, ast.Constant)
        return isinstance(node, ast.Constant)

    def is_simple_key(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Tuple):
            return all(self.is_simple(part) for part in node.elts)
        if isinstance(node, ast.Slice):
            return all(part is None or self.is_simple(part) for part in (node.lower, node.upper, node.step))
        return self.is_simple(node)

    def is_shared(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Name) and self.meaning(node.id) in (GLOBAL, CELL)

    def is_scalar(self, node: ast.AST) -> bool:
        """True if the expression's value is surely no container and holds none."""
        if isinstance(node, ast.BinOp):
            return isinstance(node.op, _NUMERIC_OPERATORS)
        if isinstance(node, ast.UnaryOp):
            return isinstance(node.op, ast.Not) or self.is_scalar(node.operand)
        if isinstance(node, ast.Call):
            return isinstance(node.func, ast.Name) and self.is_builtin(node.func, _SCALAR_CALLS)
        if isinstance(node, ast.Constant):
            return not isinstance(node.value, bytes)  # which a bytearray may be compared with or added to
        return isinstance(node, ast.JoinedStr | ast.Compare | ast.Lambda)

    def is_text(self, node: ast.AST) -> bool:
        """True for what is surely a string, or may be one although it is a scalar."""
        if isinstance(node, ast.Constant):
            return isinstance(node.value, str)
        return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Call) and self.is_scalar(node))

    def is_builtin(self, node: ast.AST, names: frozenset[str]) -> bool:
        return isinstance(node, ast.Name) and node.id in names and self.meaning(node.id) == BUILTIN

    def is_import(self, node: ast.AST) -> bool:
        """True if the expression is a name that only imports bind."""
        return (
            isinstance(node, ast.Name) and self.meaning(node.id) == LOCAL and self.names.imported(self.scope, node.id)
        )


def placed(node: Node, at: ast.AST) -> Node:
    """`node` with the position of `at`; its parts get theirs at the very end, from it."""
    return ast.copy_location(node, at)


def rebinds(node: ast.AST) -> bool:
    """True if evaluating the expression may bind a name."""
    return any(isinstance(part, ast.NamedExpr) for part in ast.walk(node))
