"""Rewriting rules for statements: stores, augmented assignments, loops, tests, definitions."""

from __future__ import annotations

import ast
from typing import Any

from harness.world.instrument_expressions import BINARY, Expressions
from harness.world.instrument_scopes import CELL
from harness.world.instrument_shapes import placed, rebinds

Statements = list[ast.stmt]


class Rewriter(Expressions):
    """Rewrites a module's tree in place."""

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        target = node.targets[0]
        if len(node.targets) == 1 and isinstance(target, ast.Name):
            node.value = self.stored_value(target.id, self.expression(node.value), target)
            return node
        takes_apart = [place for place in node.targets if isinstance(place, ast.Tuple | ast.List)]
        node.value = self.unpacked(node.value, takes_apart[0]) if takes_apart else self.expression(node.value)
        node.targets = [self.expression(place) for place in node.targets]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is None:
            return node
        value = self.expression(node.value)
        if isinstance(node.target, ast.Name):
            node.value = self.stored_value(node.target.id, value, node.target)
        else:
            node.value, node.target = value, self.expression(node.target)  # type: ignore[assignment]
        return node

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        """Load, operate, announce the store, store: so that another thread may come between."""
        target = node.target
        if isinstance(target, ast.Name):
            return self._aug_name(node, target)
        simple = self.is_simple(target.value) and (
            isinstance(target, ast.Attribute) or self.is_simple_key(target.slice)
        )
        if simple and not rebinds(node.value):
            return self._aug_split(node, target)
        site, value = self.site(target), self.expression(node.value)
        owner = self.expression(target.value)
        if isinstance(target, ast.Attribute):
            target.value = self.hook("aug_attribute", owner, owner, self.text_of(target.attr), site)
        else:
            target.value = self.hook("aug_item", owner, owner, site)
            target.slice = self.expression(target.slice)
        node.value = value
        return node

    def _aug_name(self, node: ast.AugAssign, target: ast.Name) -> ast.AST:
        if not self.is_shared(target):
            if not self._harmless(node):
                load = placed(ast.Name(target.id, ast.Load()), target)
                site = self.site(target)
                node.value = self.hook("aug_rhs", node.value, load, self.expression(node.value), site)
            else:
                node.value = self.expression(node.value)
            return node
        value = self._in_place(node, self.expression(placed(ast.Name(target.id, ast.Load()), target)), target)
        return placed(ast.Assign([target], self.stored_value(target.id, value, target)), node)

    def _aug_split(self, node: ast.AugAssign, target: ast.Attribute | ast.Subscript) -> ast.AST:
        """`x.a += v` as `x.a = x.a + v` with the in-place operator: x is a plain local name."""
        fields = {**{name: getattr(target, name) for name in target._fields}, "ctx": ast.Load()}
        load = placed(type(target)(**fields), target)
        value = self._in_place(node, self.expression(load), target)
        return placed(ast.Assign([self.expression(target)], value), node)

    def _in_place(self, node: ast.AugAssign, current: ast.expr, at: ast.AST) -> ast.expr:
        """The operator alone; operator.iadd and the like are exactly what the statement runs."""
        name = "op_i" + BINARY[type(node.op)]
        harmless, value = self._harmless(node), self.expression(node.value)
        if harmless:
            return self.hook(name, node, current, value)
        pair = self.hook("aug_pair", node, current, value, self.site(at))
        return self.hook(name, node, placed(ast.Starred(pair, ast.Load()), node))

    def _harmless(self, node: ast.AugAssign) -> bool:
        """True if the operator cannot change a built-in container in place, nor read one."""
        if isinstance(node.op, ast.Add):  # a list takes strings apart
            return isinstance(node.value, ast.Constant) and not isinstance(node.value.value, str | bytes)
        return self.is_scalar(placed(ast.BinOp(node.target, node.op, node.value), node)) or (
            self.is_scalar(node.value) and not isinstance(node.op, ast.Mult)
        )

    def visit_Delete(self, node: ast.Delete) -> Any:
        if not any(self.is_shared(target) for target in node.targets):
            return self.fields(node)
        result: Statements = []
        for target in node.targets:
            if isinstance(target, ast.Name):
                result += self._announced(target.id, target)
            result.append(placed(ast.Delete([self.expression(target)]), node))
        return result

    def _announced(self, name: str, at: ast.AST) -> Statements:
        """A statement of its own before one that stores in a way no hook fits into."""
        if not self.is_shared(ast.Name(name, ast.Load())):
            return []
        if self.meaning(name) == CELL:
            call = self.hook("cell_w", at, *self.cell_arguments(name, at))
        else:
            call = self.hook("global_w", at, *self.global_arguments(name, at))
        return [placed(ast.Expr(call), at)]

    def visit_For(self, node: ast.For) -> ast.AST:
        node.iter = self.iterated(node.iter, node.target)
        return self._loop(node)

    def visit_With(self, node: ast.With) -> ast.AST:
        for item in node.items:
            item.context_expr = self.hook(
                "with", item.context_expr, self.expression(item.context_expr), self.site(item.context_expr)
            )
            item.optional_vars = item.optional_vars and self.expression(item.optional_vars)
        node.body = self.block(node.body)
        return node

    def visit_AsyncFor(self, node: ast.AsyncFor) -> ast.AST:
        node.iter = self.expression(node.iter)
        return self._loop(node)

    def _loop(self, node: ast.For | ast.AsyncFor) -> ast.AST:
        node.target = self.expression(node.target)
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node

    def _tested(self, node: Any) -> ast.AST:
        node.test = self.test(node.test)
        node.body, node.orelse = self.block(node.body), self.block(node.orelse)
        return node  # type: ignore[no-any-return]

    visit_If = visit_While = _tested

    def visit_Assert(self, node: ast.Assert) -> ast.AST:
        node.test = self.test(node.test)
        node.msg = node.msg and self.expression(node.msg)
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        """Patterns stay as they are: what they read is announced once, with the subject."""
        node.subject = self._read("match", node.subject)
        for case in node.cases:
            case.pattern = self._pattern(case.pattern)
            case.guard = case.guard and self.test(case.guard)
            case.body = self.block(case.body)
        return node

    def _pattern(self, node: ast.pattern) -> ast.pattern:
        """Values that patterns name (`case box.v`) are read where they are compared."""
        for part in ast.walk(node):
            if isinstance(part, ast.MatchValue) and isinstance(part.value, ast.Attribute):
                part.value = self.expression(part.value)
        return node

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> ast.AST:
        node.type = node.type and self.expression(node.type)
        announced = self._announced(node.name, node) if node.name else []
        node.body = [*announced, *self.block(node.body)]
        return node

    def _import(self, node: Any) -> Any:
        names = [alias.asname or alias.name.partition(".")[0] for alias in node.names if alias.name != "*"]
        return [*(part for name in names for part in self._announced(name, node)), node]

    visit_Import = visit_ImportFrom = _import

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> Any:
        announced = self._announced(node.name, node)
        node.decorator_list = [self.expression(decorator) for decorator in node.decorator_list]
        node.args = self.visit(node.args)  # type: ignore[assignment]
        outer, self.unbound = self.unbound, set()
        with self.inside(node):
            node.body = self.block(node.body)
            if node.name == "__del__":
                told = placed(ast.Expr(self.hook("finalizing", node, self.site(node))), node.body[0])
                node.body.insert(1 if ast.get_docstring(node) else 0, told)
            node.body += [_never_run_binding(name, node.body[-1]) for name in sorted(self.unbound)]
        self.unbound = outer
        return [*announced, node]

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_ClassDef(self, node: ast.ClassDef) -> Any:
        announced = self._announced(node.name, node)
        node.decorator_list = [self.expression(decorator) for decorator in node.decorator_list]
        with self.inside(next(iter(getattr(node, "type_params", ())), None)):
            node.bases = [self._base(base) for base in node.bases]
            node.keywords = [self.visit(keyword) for keyword in node.keywords]  # type: ignore[misc]
        outer, self.class_name = self.class_name, node.name
        with self.inside(node):
            node.body = self.block(node.body)
        self.class_name = outer
        return [*announced, node]

    def _base(self, node: ast.expr) -> ast.expr:
        """A base gets one class more below it. (`typing` looks at names like Generic by themselves.)"""
        value, site = self.expression(node), self.site(node)
        return value if isinstance(node, ast.Starred) else self.hook("base", node, value, site)

    def visit_TypeAlias(self, node: ast.AST) -> ast.AST:
        return node

    def block(self, nodes: Statements) -> Statements:
        return self.each(nodes)  # type: ignore[return-value]


def _never_run_binding(name: str, at: ast.AST) -> ast.stmt:
    """Keeps a variable local whose every native binding was rewritten."""
    store = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(None))
    return placed(ast.If(ast.Constant(False), [store], []), at)
