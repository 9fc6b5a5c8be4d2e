"""Rewriting rules for expressions.

Three shapes, in order of preference. In each the last thing evaluated before Python's own
instruction is a hook that knows everything the instruction will touch:

1. *wrap the object*: `E.a` becomes `_lab_get(E, "a", site).a`; where key or arguments are constants
   or plain local names, also `_lab_item(E, i, site)[i]` and `_lab_meth(E, "m", site, x).m(x)`;
2. *wrap the last operand*: `E[_lab_key(E, i, site)]`, `E < _lab_rhs(E, f(), site)` where E is a plain
   local name, `len(*_lab_args(len, site, f()))`;
3. *stand-ins*: `_lab_sub(E, site)[i]`, `_lab_method(E, "m", site).m(f())`: for built-in containers only
   the hook returns an object of access_standins.py, which announces the access and passes it on.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from typing import Any

from harness.world.instrument_scopes import CELL, GLOBAL, LOCAL
from harness.world.instrument_shapes import Shapes, placed, rebinds

_LEFT_ALONE = frozenset(
    ("super", "locals", "globals", "isinstance", "issubclass", "id", "callable", "object", "property",
     "range", "classmethod", "staticmethod", "input", "chr", "abs", "round", "hex", "breakpoint")
)  # fmt: skip
BINARY = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Mod: "mod", ast.Div: "truediv", ast.FloorDiv: "floordiv",
    ast.BitOr: "or", ast.BitAnd: "and", ast.BitXor: "xor", ast.LShift: "lshift", ast.RShift: "rshift",
    ast.Pow: "pow", ast.MatMult: "matmul",
}  # fmt: skip
_UNMIXED = (ast.Add, ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)  # never a container with anything else
_COMPARE = {ast.Eq: "eq", ast.NotEq: "ne", ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge"}
_MODES = {ast.Load: "", ast.Store: "_w", ast.Del: "_d"}


class Expressions(Shapes):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        meaning = self.meaning(node.id)
        if isinstance(node.ctx, ast.Load) and self.names.may_be_global(self.scope, node.id):
            meaning = GLOBAL
        if meaning not in (GLOBAL, CELL) or isinstance(node.ctx, ast.Del):
            return node
        if isinstance(node.ctx, ast.Store):
            return self._store_name(node, meaning)
        if meaning == GLOBAL:
            announce = self.hook("global", node, *self.global_arguments(node.id, node))
        else:
            announce = self.hook("cell", node, *self.cell_arguments(node.id, node))
        return placed(ast.BoolOp(ast.Or(), [announce, node]), node)

    def _store_name(self, node: ast.Name, meaning: str) -> ast.expr:
        """A target that means the same as the name, and announces itself right before the store."""
        if meaning == GLOBAL:
            found = self.hook("global_w", node, *self.global_arguments(node.id, node))
            return placed(ast.Subscript(found, self.text_of(node.id), ast.Store()), node)
        if self.scope.kind == "function" and node.id in self.scope.bound:
            self.unbound.add(node.id)
        cell = self.hook("cell_w", node, *self.cell_arguments(node.id, node))
        return placed(ast.Attribute(cell, "cell_contents", ast.Store()), node)

    def stored_value(self, name: str, value: ast.expr, at: ast.AST) -> ast.expr:
        """`value`, announcing before it is returned that it will be stored in the name."""
        meaning = self.meaning(name)
        if meaning == GLOBAL:
            return self.hook("global_v", at, value, *self.global_arguments(name, at))
        if meaning == CELL:
            return self.hook("cell_v", at, value, *self.cell_arguments(name, at))
        return value

    def visit_NamedExpr(self, node: ast.NamedExpr) -> ast.expr:
        node.value = self.stored_value(node.target.id, self.expression(node.value), node)
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        site = self.site(node)
        scalar = isinstance(node.value, ast.Constant)
        node.value = self.expression(node.value)
        if not scalar:
            name = "get" + self._strict(node.attr) if isinstance(node.ctx, ast.Load) else "set" + _mode(node)
            node.value = self.hook(name, node.value, node.value, self.text_of(node.attr), site)
        return node

    def _strict(self, attribute: str) -> str:
        """Hooks ending in _s also watch methods: for names that this module assigns somewhere."""
        return "_s" if attribute in self.names.stored else ""

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        if isinstance(node.value, ast.Constant):
            return self.fields(node)  # type: ignore[return-value]
        site, mode = self.site(node), _mode(node)
        stable = self.is_simple(node.value) and not rebinds(node.slice)
        simple = self.is_simple_key(node.slice)
        value = self.expression(node.value)
        key = self.expression(node.slice)
        if isinstance(key, ast.Slice) and isinstance(node.ctx, ast.Store):
            node.value, node.slice = self.hook("sub", value, value, site), key  # what is stored is read just then
        elif simple and isinstance(key, ast.Slice):
            node.value = self.hook("whole" + mode, value, value, site)
        elif simple:
            node.value = self.hook("item" + mode, value, value, key, site)
        elif stable:
            node.value, node.slice = value, self.hook("key" + mode, key, value, self._as_object(key), site)
        else:
            node.value, node.slice = self.hook("sub", value, value, site), key
        return node

    def _as_object(self, key: ast.expr) -> ast.expr:
        """A slice as an expression of its own."""
        if not isinstance(key, ast.Slice):
            return key
        parts = (key.lower, key.upper, key.step)
        return self.hook("slice", key, *(part or ast.Constant(None) for part in parts))

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = node.left, node.right
        one = self.is_scalar(left) or self.is_scalar(right)
        if not isinstance(node.op, ast.Add) and any(map(self.is_text, (left, right))):
            one = False  # `table.keys() & "ab"`
        both = self.is_scalar(left) and self.is_scalar(right)
        if self.is_scalar(node) or both or one and isinstance(node.op, _UNMIXED):
            return self.fields(node)  # type: ignore[return-value]
        return self._operation(node, node.left, node.right, BINARY[type(node.op)])

    def _operation(self, node: ast.BinOp | ast.Compare, left: ast.expr, right: ast.expr, name: str) -> ast.expr:
        """Both operands are read when the operator runs, that is after the right one was evaluated."""
        site = self.site(node)
        stable = self.is_simple(left) and not rebinds(right)
        first, second = self.expression(left), self.expression(right)
        compares = isinstance(node, ast.Compare)
        if not stable:
            pair = self.hook("compared_pair" if compares else "pair", second, first, second, site)
            return self.hook("op_" + name, node, placed(ast.Starred(pair, ast.Load()), node))
        second = self.hook("compared" if compares else "rhs", second, first, second, site)
        if isinstance(node, ast.Compare):
            node.left, node.comparators = first, [second]
        else:
            node.left, node.right = first, second
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        if len(node.ops) > 1:
            return self._chain(node)
        operator, left, right = node.ops[0], node.left, node.comparators[0]
        if isinstance(operator, ast.In | ast.NotIn):
            return self._membership(node, left, right)
        if isinstance(operator, ast.Is | ast.IsNot) or self.is_scalar(left) or self.is_scalar(right):
            return self.fields(node)  # type: ignore[return-value]
        return self._operation(node, left, right, _COMPARE[type(operator)])

    def _chain(self, node: ast.Compare) -> ast.expr:
        """`a < b < c` is `a < b and b < c` where b is simple; else each operand is read when it is evaluated."""
        if all(self.is_simple(middle) for middle in node.comparators[:-1]):
            lefts = [node.left, *node.comparators]
            pairs = zip(lefts, node.ops, node.comparators, strict=False)
            parts = [placed(ast.Compare(left, [op], [right]), node) for left, op, right in pairs]
            return placed(ast.BoolOp(ast.And(), [self.expression(part) for part in parts]), node)
        node.left = self._read("read", node.left)
        *middle, last = node.comparators
        node.comparators = [*(self._read("read_again", operand) for operand in middle), self._read("read", last)]
        return node

    def _read(self, hook: str, node: ast.expr) -> ast.expr:
        """The expression, whose value's whole contents are about to be read."""
        if self.is_scalar(node):
            return self.expression(node)
        site = self.site(node)
        return self.hook(hook, node, self.expression(node), site)

    def _membership(self, node: ast.Compare, left: ast.expr, right: ast.expr) -> ast.expr:
        literal = isinstance(right, ast.Tuple | ast.Set) and all(self.is_scalar(part) for part in right.elts)
        if literal or isinstance(right, ast.Constant | ast.JoinedStr):
            return self.fields(node)  # type: ignore[return-value]
        site = self.site(node)
        stable = self.is_simple(left) and not rebinds(right)
        element, container = self.expression(left), self.expression(right)
        if stable:
            node.left, node.comparators = element, [self.hook("in", container, element, container, site)]
            return node
        pair = self.hook("in_pair", container, element, container, site)
        found = self.hook("op_contains", node, placed(ast.Starred(pair, ast.Load()), node))
        return placed(ast.UnaryOp(ast.Not(), found), node) if isinstance(node.ops[0], ast.NotIn) else found

    def test(self, node: ast.expr) -> ast.expr:
        """An expression whose truth is asked for right after its evaluation."""
        if isinstance(node, ast.BoolOp):
            node.values = [self.test(value) for value in node.values]
            return node
        return self._read("truth", node)

    def visit_BoolOp(self, node: ast.BoolOp) -> ast.expr:
        node.values = [*(self.test(value) for value in node.values[:-1]), self.expression(node.values[-1])]
        return node

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.expr:
        node.operand = self.test(node.operand) if isinstance(node.op, ast.Not) else self._read("read", node.operand)
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        node.test = self.test(node.test)
        node.body, node.orelse = self.expression(node.body), self.expression(node.orelse)
        return node

    def visit_FormattedValue(self, node: ast.FormattedValue) -> ast.expr:
        node.value = self._read("text", node.value)
        if node.format_spec is not None:
            node.format_spec = self.expression(node.format_spec)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.expr:
        if isinstance(node.ctx, ast.Load):
            node.value = self._read("star", node.value)
            return node
        return self.fields(node)  # type: ignore[return-value]

    def visit_YieldFrom(self, node: ast.YieldFrom) -> ast.expr:
        node.value = self._read("from", node.value)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.expr:
        pairs = zip(node.keys, node.values, strict=True)
        node.values = [self._read("spread", value) if key is None else value for key, value in pairs]
        for index, (key, value) in enumerate(zip(node.keys, node.values, strict=True)):
            if key is not None:
                node.keys[index] = self.expression(key)
                node.values[index] = self.expression(value)
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        function, site = node.func, self.site(node.func)
        inert = [k for k in node.keywords if k.arg and (self.is_simple(k.value) or isinstance(k.value, ast.Lambda))]
        simple = len(inert) == len(node.keywords) and all(self.is_simple(argument) for argument in node.args)
        extra = [k.value for k in inert if not isinstance(k.value, ast.Lambda)] if simple else []
        bare = self._is_bare(function)
        fed, sorts = _runs_code_between(node), getattr(function, "attr", "") == "sort" and bool(node.keywords)
        early = (not simple or fed) and bare and len(inert) == len(node.keywords)
        simple = simple and not sorts
        arguments = [self.expression(argument) for argument in node.args]
        if len(arguments) == 1 and isinstance(node.args[0], ast.Starred) and len(inert) < len(node.keywords):
            starred: Any = arguments[0]  # which is taken apart when all other arguments are there
            starred.value = self.hook("read_again", starred, starred.value, site)
        for keyword in node.keywords:
            keyword.value = self.expression(keyword.value) if keyword.arg else self._read("spread", keyword.value)
        if self._is_left_alone(function):
            node.args = arguments
        elif early:
            key = [k.value if self.is_simple(k.value) else ast.Constant(None) for k in inert if k.arg == "key"]
            first = [*key, ast.Constant(None)][:1] if fed else []
            found = self.hook("fed" if fed else "args", node, function, site, *first, *arguments)
            node.func, node.args = function, [placed(ast.Starred(found, ast.Load()), node)]
        else:
            node.func = self._callee(function, site, [*arguments, *extra] if simple else None)
            node.args = arguments
        return node

    def _callee(self, function: ast.expr, site: ast.Constant, arguments: list[ast.expr] | None) -> ast.expr:
        """The function of a call; `arguments` are given where they are known before it is loaded."""
        if isinstance(function, ast.Attribute) and not isinstance(function.value, ast.Constant):
            suffix = self._strict(function.attr)
            value, name = self.expression(function.value), self.text_of(function.attr)
            if arguments is None:
                function.value = self.hook("method" + suffix, value, value, name, site)
            else:
                function.value = self.hook("meth" + suffix, value, value, name, site, *arguments)
            return function
        value = self.expression(function)
        if arguments is None:
            return self.hook("calling", value, value, site)
        return self.hook("call", value, value, site, *arguments)

    def _is_bare(self, function: ast.expr) -> bool:
        """True if the function can be evaluated twice: a simple name, or a function of an imported module."""
        if isinstance(function, ast.Attribute):
            return self.is_import(function.value) and not self._strict(function.attr)
        return self.is_simple(function)

    def _is_left_alone(self, function: ast.expr) -> bool:
        """True for functions that touch no container, and those whose own code is rewritten."""
        if not isinstance(function, ast.Name):
            return False
        known = self.meaning(function.id) == LOCAL and self.names.definition(self.scope, function.id)
        return known or self.is_builtin(function, _LEFT_ALONE)

    def iterated(self, node: ast.expr, target: ast.expr) -> ast.expr:
        """The iterable of a loop: each step announces itself; so does unpacking what a step brings."""
        fresh = isinstance(node, ast.Constant | ast.Tuple | ast.List | ast.JoinedStr)
        if fresh and not isinstance(target, ast.Tuple | ast.List):
            return self.expression(node)
        if isinstance(node, ast.Call) and self.is_builtin(node.func, frozenset(("range",))):
            return self.expression(node)
        site = self.site(node)
        opened = self.hook("open", node, self.expression(node), site)
        steps = "steps_unpacked" if isinstance(target, ast.Tuple | ast.List) else "steps"
        return self.hook(steps, node, self.hook("iter", node, opened), site)

    def unpacked(self, value: ast.expr, target: ast.expr) -> ast.expr:
        """The right-hand side of an assignment that may take a container apart."""
        if not isinstance(target, ast.Tuple | ast.List):
            return self.expression(value)
        literal = isinstance(value, ast.Tuple | ast.List)
        starred = any(isinstance(part, ast.Starred) for part in target.elts)
        if not literal:
            nested = any(isinstance(part, ast.Tuple | ast.List) for part in target.elts)
            return self._read("unpack_deep" if nested else "unpack", value)
        if len(value.elts) == len(target.elts) and not starred:  # type: ignore[attr-defined]
            pairs = zip(value.elts, target.elts, strict=True)  # type: ignore[attr-defined]
            value.elts = [self.unpacked(part, place) for part, place in pairs]  # type: ignore[attr-defined]
            return value
        return self.expression(value)

    def visit_Lambda(self, node: ast.Lambda) -> ast.expr:
        node.args = self.visit(node.args)  # type: ignore[assignment]
        with self.inside(node):
            node.body = self.expression(node.body)
        return node

    def _comprehension(self, node: ast.AST) -> ast.AST:
        generators: list[ast.comprehension] = node.generators  # type: ignore[attr-defined]
        first = generators[0]
        if not first.is_async:
            first.iter = self.iterated(first.iter, first.target)
        else:
            first.iter = self.expression(first.iter)
        with self.inside(node):
            node.generators = [part for one in generators for part in self._clauses(one, one is first)]  # type: ignore[attr-defined]
            for name in ("key", "value", "elt"):
                if hasattr(node, name):
                    setattr(node, name, self.expression(getattr(node, name)))
        return node

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _clauses(self, node: ast.comprehension, first: bool) -> list[ast.comprehension]:
        """One `for` of a comprehension, and a clause that keeps the names bound which its target no longer binds."""
        if not first:
            node.iter = self.expression(node.iter) if node.is_async else self.iterated(node.iter, node.target)
        shared = [name for name in _bound_names(node.target) if self.is_shared(name)]
        node.target = self.expression(node.target)
        node.ifs = [self.test(condition) for condition in node.ifs]
        return [node, *(self._rebinding(name) for name in shared)]

    def _rebinding(self, name: ast.Name) -> ast.comprehension:
        value = placed(ast.Tuple([placed(ast.Name(name.id, ast.Load()), name)], ast.Load()), name)
        return ast.comprehension(placed(ast.Name(name.id, ast.Store()), name), value, [], 0)


def _runs_code_between(node: ast.Call) -> bool:
    """True for calls that may run code of the program between two elements of a container."""
    name = getattr(node.func, "id", None) or getattr(node.func, "attr", "")
    keyed = any(k.arg == "key" for k in node.keywords)
    return name in ("map", "filter", "reduce") or (name in ("max", "min", "sorted") and keyed)


def _bound_names(target: ast.expr) -> Iterator[ast.Name]:
    if isinstance(target, ast.Name):
        yield target
    elif isinstance(target, ast.Starred):
        yield from _bound_names(target.value)
    elif isinstance(target, ast.Tuple | ast.List):
        for part in target.elts:
            yield from _bound_names(part)


def _mode(node: ast.Attribute | ast.Subscript) -> str:
    """The hooks' ending for what happens to the target: nothing for a load, _w for a store, _d for a deletion."""
    return _MODES[type(node.ctx)]
