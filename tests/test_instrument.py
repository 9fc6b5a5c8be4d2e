"""A rewritten program means what it meant."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import io
import re
import sys
import tokenize
import types
import unittest
from collections import Counter
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from harness.world.access import hooks
from harness.world.instrument import instrument, rewritten
from tests.programs_both_ways import PROGRAMS
from tests.recording import both_ways, ignore


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_does_the_same_with_and_without_hooks(name: str) -> None:
    plain, hooked = both_ways(PROGRAMS[name])
    assert hooked == plain


def test_these_programs_reach_their_results_or_fail_as_intended() -> None:
    """Two equal failures would prove nothing."""
    failing = {name: both_ways(source)[0]["error"][:1] for name, source in PROGRAMS.items()}
    assert {name: error[0].__name__ for name, error in failing.items() if error} == {
        "closures": "NameError",
        "globals": "NameError",
        "generators and coroutines": "TypeError",
        "calls": "TypeError",
        "comparisons and truth": "TypeError",
        "walrus and subscripts": "TypeError",
        "except*": "TypeError",
        "del and finally": "NameError",
        "unpacking errors": "ValueError",
        "error in iteration": "RuntimeError",
        "error in a C function": "IndexError",
        "error in an item": "KeyError",
        "error in an operator": "TypeError",
    }


def codes(code: types.CodeType) -> Iterator[tuple[Any, ...]]:
    """What a caller can see of each function in a module; the hooks' own lambdas are told by their body."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            own = constant.co_name != "<lambda>" or constant.co_names or len(constant.co_freevars) != 1
            if own or len(constant.co_code) > 16:
                names = (
                    frozenset(constant.co_varnames),
                    frozenset(constant.co_cellvars),
                    frozenset(constant.co_freevars),
                )
                counts = (constant.co_argcount, constant.co_posonlyargcount, constant.co_kwonlyargcount)
                yield (constant.co_qualname, constant.co_firstlineno, constant.co_flags, *counts, *names)
            yield from codes(constant)


STDLIB = Path(ast.__file__).parent
MODULES = ("ast", "dataclasses", "enum", "typing", "functools", "heapq", "statistics", "asyncio/tasks", "unittest/mock")


@pytest.mark.parametrize("module", MODULES)
def test_every_function_keeps_its_variables_cells_and_lines(module: str) -> None:
    source = (STDLIB / f"{module}.py").read_text(encoding="utf-8")
    plain = Counter(codes(compile(source, "m", "exec", dont_inherit=True)))
    hooked = Counter(codes(instrument(source, "m", [])))
    assert plain - hooked == Counter()


def test_type_hints_and_docstrings_are_left_as_they_are() -> None:
    source = "'''doc'''\nx: a.b = c.d\ndef f(p: q.r) -> s.t:\n    '''doc'''"
    text = ast.unparse(rewritten(source, "m", []))
    assert re.findall(r"_lab_\w+", text) == ["_lab_global_v", "_lab_get", "_lab_global", "_lab_globals", "_lab_globals"]
    assert 'p: q.r) -> s.t:\n    """doc"""' in text


def test_syntax_errors_are_the_compilers_own() -> None:
    for source in ("def f(:", "return", "def f(x, x): pass", "nonlocal x"):
        with pytest.raises(SyntaxError) as plain:
            compile(source, "m.py", "exec")
        with pytest.raises(SyntaxError) as hooked:
            instrument(source, "m.py", [])
        assert str(hooked.value) == str(plain.value)


def test_a_long_expression_can_be_rewritten_and_a_hopeless_one_is_a_syntax_error() -> None:
    instrument("x = " + " + ".join(["a"] * 400), "m.py", [])
    with pytest.raises(SyntaxError, match="too deeply nested"):
        instrument("x = a" + ".b" * 20_000, "m.py", [])


# CPython's own tests, their source rewritten

CPYTHON = """augassign named_expressions listcomps unpack_ex scope super with patma generators genexps dataclasses
    list extcall contextlib setcomps dictcomps""".split()  # noqa: SIM905


def run_cpython_test(name: str, rewrite: bool) -> tuple[int, list[str]]:
    """How many of CPython's tests ran, and which failed."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    with tokenize.open(spec.origin) as file:
        source = file.read()
    module = types.ModuleType(name)
    module.__file__, module.__spec__, module.__package__ = spec.origin, spec, "test"
    code = compile(source, spec.origin, "exec", dont_inherit=True)
    if rewrite:
        code = instrument(source, spec.origin, [])
        module.__dict__["__builtins__"] = {**vars(builtins), **hooks(ignore)}
    before = sys.modules.get(name)
    sys.modules[name] = module
    result = unittest.TestResult()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            exec(code, module.__dict__)
            unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    finally:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
    return result.testsRun, sorted(str(test) for test, _ in result.errors + result.failures)


@pytest.mark.parametrize("name", CPYTHON)
def test_cpythons_own_tests_pass_in_rewritten_source(name: str) -> None:
    pytest.importorskip("test.support")
    found = run_cpython_test(f"test.test_{name}", rewrite=True)
    assert found == run_cpython_test(f"test.test_{name}", rewrite=False)
    assert found[0] > 0
