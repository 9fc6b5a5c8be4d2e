"""A rewritten program means what it meant."""

from __future__ import annotations

import ast
import re
import types
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from harness.world.instrument import instrument, rewritten
from tests.programs_both_ways import PROGRAMS
from tests.recording import both_ways


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
        "an array that holds no text": "ValueError",
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
