"""Which names of a module other threads can see: globals and closure cells; and which of those need no hook.

Python's own `symtable` is not used because its tables cannot be matched to syntax nodes reliably
(PEP 695 scopes, PEP 709 comprehensions); tests/test_instrument.py compares the two on the standard library.

Names that are left alone, because no access to them can race:

* globals that only `def`, `class` and `import` at module level bind;
* closure variables that are *settled*: every binding lies before the first closure that captures the
  variable comes into being (loops considered), so that whoever can see the variable sees one value;
* variables that are captured only by what runs in place: class bodies, comprehensions other than
  generators, and a generator handed straight to `sum`, `any`, `sorted` …
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from typing import NamedTuple

LOCAL, GLOBAL, CELL, BUILTIN = "local", "global", "cell", "builtin"
_BUILTINS = frozenset(dir(builtins))
_DEFINITIONS = frozenset(("def", "decorated", "class", "plain class", "import"))
_CONSUMERS = frozenset(("sum", "any", "all", "min", "max", "list", "tuple", "set", "frozenset", "dict", "sorted"))
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp
_Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


class Binding(NamedTuple):
    kind: str
    tick: int  # where in the order of evaluation, module-wide


class Scope:
    """One block of names. `kind`: module, function, class, comprehension (runs in place), generator, params."""

    def __init__(self, kind: str, parent: Scope | None, name: str, start: int) -> None:
        self.kind = kind
        self.parent = parent
        self.name = name
        self.start = start
        self.bound: dict[str, list[Binding]] = {}
        self.declared: dict[str, str] = {}
        self.loops: list[list[int]] = []
        self.captured: dict[str, int] = {}  # variable -> tick of the first closure over it
        self.rebound: set[str] = set()  # variables that an inner scope binds
        self.settled: dict[str, bool] = {}

    @property
    def qualname(self) -> str:
        parts: list[str] = []
        scope: Scope | None = self
        while scope is not None and scope.kind != "module":
            if scope.kind in ("function", "class"):
                inner = bool(parts) and scope.kind == "function"
                parts.insert(0, scope.name + ".<locals>" if inner else scope.name)
            scope = scope.parent
        return ".".join(parts) or "<module>"

    def escapes(self) -> bool:
        """True if this block's code may run when its creator has gone on."""
        return self.kind in ("function", "generator")

    def is_settled(self, name: str) -> bool:
        if name not in self.settled:
            self.settled[name] = self._is_settled(name)
        return self.settled[name]

    def _is_settled(self, name: str) -> bool:
        if name not in self.captured:
            return True
        bindings = self.bound[name]
        if name in self.rebound or any(b.kind == "del" for b in bindings):
            return False
        if len(bindings) == 1 and bindings[0].kind in _DEFINITIONS:
            return not any(start <= bindings[0].tick <= end for start, end in self.loops)
        first = self.captured[name]
        first = min([start for start, end in self.loops if start <= first <= end], default=first)
        return all(binding.tick < first for binding in bindings)


class Names:
    """What each name of one module means; `scopes` finds the block a syntax node opens."""

    def __init__(self, tree: ast.Module) -> None:
        analysis = _Analysis(tree)
        self.module = analysis.module
        self.scopes = analysis.scopes
        self.stored = analysis.stored
        self.open_builtins = not analysis.stars
        for scope, name, binds in analysis.uses:
            _capture(scope, name, binds)
        self._shared = {name for name, found in self.module.bound.items() if self._is_shared(found)}

    def _is_shared(self, bindings: list[Binding]) -> bool:
        return any(binding.kind not in _DEFINITIONS for binding in bindings)

    def meaning(self, scope: Scope, name: str) -> str:
        """LOCAL (no hook needed), BUILTIN (the same), GLOBAL or CELL (shared, hook)."""
        owner = owner_of(scope, name)
        if owner is None:
            return self._global(name)
        return CELL if owner.kind != "class" and not owner.is_settled(name) else LOCAL

    def may_be_global(self, scope: Scope, name: str) -> bool:
        """True in a class body for a name that it binds: until then the module's is meant."""
        return scope.kind == "class" and owner_of(scope, name) is scope and self._global(name) == GLOBAL

    def _global(self, name: str) -> str:
        if name in self.module.bound:
            return GLOBAL if name in self._shared else LOCAL
        if name in _BUILTINS and self.open_builtins:
            return BUILTIN
        dunder = name.startswith("__") and name.endswith("__")
        return LOCAL if dunder or not self.open_builtins else GLOBAL

    def definition(self, scope: Scope, name: str) -> bool:
        """True if the name is bound once: by a `def` without decorators or a `class` without bases."""
        owner = owner_of(scope, name) or self.module
        bindings = owner.bound.get(name, ())
        return len(bindings) == 1 and bindings[0].kind in ("def", "plain class") and name not in owner.rebound

    def imported(self, scope: Scope, name: str) -> bool:
        """True if only imports bind the name."""
        bindings = (owner_of(scope, name) or self.module).bound.get(name, ())
        return bool(bindings) and all(binding.kind == "import" for binding in bindings)


def owner_of(scope: Scope, name: str) -> Scope | None:
    """The block that holds the variable; None for globals and builtins."""
    here: Scope | None = scope
    while here is not None and here.kind != "module":
        declared = here.declared.get(name)
        if declared == "global":
            return None
        if declared is None and name in here.bound and (here.kind != "class" or here is scope):
            return here
        here = here.parent
    return None


def _capture(scope: Scope, name: str, binds: bool) -> None:
    """Tell the variable's owner that `scope` uses it, if that makes a closure."""
    owner = owner_of(scope, name)
    if owner is None or owner is scope:
        return
    if binds:
        owner.rebound.add(name)
    tick: int | None = None
    here: Scope | None = scope
    while here is not None and here is not owner:
        if here.escapes():
            tick = here.start
        elif tick is not None and here.kind == "comprehension":
            tick = min([start for start, end in here.loops if start <= tick <= end], default=tick)
        here = here.parent
    if tick is not None:
        owner.captured[name] = min(tick, owner.captured.get(name, tick))


class _Analysis(ast.NodeVisitor):
    """Walks a module in the order of evaluation and notes every binding, use and loop."""

    def __init__(self, tree: ast.Module) -> None:
        self.tick = 0
        self.module = self.scope = Scope("module", None, "<module>", 0)
        self.scopes: dict[ast.AST, Scope] = {}
        self.uses: list[tuple[Scope, str, bool]] = []
        self.stored: set[str] = set()
        self.stars = False
        self.in_place: set[ast.AST] = set()
        self.shadowed = {name for node in ast.walk(tree) for name in _bound_by(node)}
        self.body(tree.body)

    def body(self, nodes: list[ast.stmt]) -> None:
        for node in nodes:
            self.visit(node)

    def each(self, *nodes: ast.AST | None) -> None:
        for node in nodes:
            if node is not None:
                self.visit(node)

    def bind(self, name: str, kind: str, scope: Scope | None = None) -> None:
        scope = scope or self.scope
        self.tick += 1
        declared = scope.declared.get(name)
        if declared == "nonlocal":
            self.uses.append((scope, name, True))
        elif declared == "global":
            self.module.bound.setdefault(name, []).append(Binding("global", self.tick))
        else:
            scope.bound.setdefault(name, []).append(Binding(kind, self.tick))

    def enter(self, node: ast.AST, kind: str, name: str) -> Scope:
        self.tick += 1
        self.scope = self.scopes[node] = Scope(kind, self.scope, name, self.tick)
        return self.scope

    def leave(self) -> None:
        assert self.scope.parent is not None
        self.scope = self.scope.parent

    def loop(self) -> list[int]:
        self.tick += 1
        interval = [self.tick, 1 << 60]
        self.scope.loops.append(interval)
        return interval

    def visit_Name(self, node: ast.Name) -> None:
        self.tick += 1
        if isinstance(node.ctx, ast.Load):
            self.uses.append((self.scope, node.id, False))
        else:
            self.bind(node.id, "del" if isinstance(node.ctx, ast.Del) else "assign")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        if not isinstance(node.ctx, ast.Load):
            self.stored.add(node.attr)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.each(node.value, *node.targets)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.uses.append((self.scope, node.target.id, False))
        self.each(node.value, node.target)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.each(node.value, node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope, inner = self.scope, False
        while scope.kind in ("comprehension", "generator"):
            assert scope.parent is not None
            inner = inner or scope.escapes()
            scope = scope.parent
        self.bind(node.target.id, "assign", scope)
        self.uses.append((self.scope, node.target.id, inner))

    def visit_Global(self, node: ast.Global) -> None:
        self.scope.declared.update(dict.fromkeys(node.names, "global"))

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.scope.declared.update(dict.fromkeys(node.names, "nonlocal"))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.bind(alias.asname or alias.name.partition(".")[0], "import")

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            if alias.name == "*":
                self.stars = True
            else:
                self.bind(alias.asname or alias.name, "import")

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.each(node.type)
        if node.name:
            self.bind(node.name, "except")
        self.body(node.body)
        if node.name:
            self.bind(node.name, "except")

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        self.each(node.pattern)
        if node.name:
            self.bind(node.name, "match")

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name, "match")

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.each(*node.keys, *node.patterns)
        if node.rest:
            self.bind(node.rest, "match")

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        interval = self.loop()
        self.visit(node.target)
        self.body(node.body)
        interval[1] = self.tick
        self.body(node.orelse)

    visit_AsyncFor = visit_For

    def visit_While(self, node: ast.While) -> None:
        interval = self.loop()
        self.visit(node.test)
        self.body(node.body)
        interval[1] = self.tick
        self.body(node.orelse)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.each(*node.decorator_list, *_defaults(node.args))
        with_params = self._params(node)
        self._function(node, node.name, node.body)
        if with_params:
            self.leave()
        self.bind(node.name, "decorated" if node.decorator_list else "def")

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.each(*_defaults(node.args))
        self._function(node, "<lambda>", [node.body])

    def _function(self, node: _Function, name: str, body: list[ast.stmt] | list[ast.expr]) -> None:
        self.enter(node, "function", name)
        for argument in arguments(node.args):
            self.bind(argument.arg, "param")
        self.each(*body)
        self.leave()

    def _params(self, node: ast.AST) -> bool:
        """PEP 695: the type parameters' own scope, open until the caller leaves it."""
        parameters = getattr(node, "type_params", ())
        if parameters:
            self.enter(parameters[0], "params", "")
            for parameter in parameters:
                self.bind(parameter.name, "param")
        return bool(parameters)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.each(*node.decorator_list)
        with_params = self._params(node)
        self.each(*node.bases, *node.keywords)
        self.enter(node, "class", node.name)
        self.body(node.body)
        self.leave()
        if with_params:
            self.leave()
        plain = not (node.decorator_list or node.bases or node.keywords)
        self.bind(node.name, "plain class" if plain else "class")

    def visit_TypeAlias(self, node: ast.AST) -> None:
        self.bind(node.name.id, "class")  # type: ignore[attr-defined]

    def visit_Call(self, node: ast.Call) -> None:
        if len(node.args) == 1 and _consumes(node.func) and getattr(node.func, "id", "") not in self.shadowed:
            self.in_place.add(node.args[0])
        self.generic_visit(node)

    def _comprehension(self, node: _Comprehension) -> None:
        first = node.generators[0]
        self.visit(first.iter)
        escapes = isinstance(node, ast.GeneratorExp) and node not in self.in_place
        self.enter(node, "generator" if escapes else "comprehension", "<comprehension>")
        interval = self.loop()
        for generator in node.generators:
            if generator is not first:
                self.visit(generator.iter)
            self.each(generator.target, *generator.ifs)
        self.each(*(node.key, node.value) if isinstance(node, ast.DictComp) else (node.elt,))
        interval[1] = self.tick
        self.leave()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension


def arguments(args: ast.arguments) -> Iterator[ast.arg]:
    """All parameters of a function."""
    yield from (*args.posonlyargs, *args.args, *args.kwonlyargs)
    yield from (star for star in (args.vararg, args.kwarg) if star is not None)


def _defaults(args: ast.arguments) -> list[ast.expr | None]:
    return [*args.defaults, *args.kw_defaults]


def _bound_by(node: ast.AST) -> Iterator[str]:
    """The names that one node binds, in whatever scope."""
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield node.name
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield node.asname or node.name


def _consumes(function: ast.expr) -> bool:
    """True for functions that have run a generator to its end when they return."""
    if isinstance(function, ast.Attribute):
        return function.attr == "join" and isinstance(function.value, ast.Constant)
    return isinstance(function, ast.Name) and function.id in _CONSUMERS
