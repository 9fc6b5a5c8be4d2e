"""Random programs do the same with and without hooks: every operation, its operands' order, and every error."""

from __future__ import annotations

import textwrap

import pytest

pytest.importorskip("hypothesis")

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recording import both_ways

SETUP = """
from collections import OrderedDict, defaultdict, deque
g = [1]
class Loud:
    '''Says which of its operations runs, in which order.'''
    k = 1
    def __init__(self, n): self.n = n; self.l = [n]; self.__p = n
    def __getattr__(self, name): say("getattr", name); raise AttributeError(name)
    def __getitem__(self, key): say("getitem", key); return self.l[0]
    def __setitem__(self, key, value): say("setitem", key, value)
    def __add__(self, other): say("add", other); return self
    def __iadd__(self, other): say("iadd", other); return self
    def __eq__(self, other): say("eq", other); return True
    def __lt__(self, other): say("lt", other); return NotImplemented
    def __bool__(self): say("bool"); return self.n > 1
    def __iter__(self): say("iter"); return iter(self.l)
    def __contains__(self, x): say("in", x); return False
    def __call__(self, *a, **k): say("call", a, k); return self.__p
    def __repr__(self): return f"Loud({self.n})"
    @property
    def p(self): return self.__p
    @p.setter
    def p(self, value): say("set", value); self.__p = value
log = []
def say(*what): log.append(repr(what))
def tick():
    '''Ends every loop, before lists that double in it grow large.'''
    say("tick")
    if log.count("('tick',)") > 8: raise OverflowError
def f(*a, **k): say("f", a, k); return a[0] if a else 0
"""
names = st.sampled_from("i j x y d o q s g v c".split())  # noqa: SIM905
places = st.one_of(
    names,
    st.builds("{}.{}".format, names, st.sampled_from(["n", "l", "p", "k", "z"])),
    st.builds("{}[{}]".format, names, st.sampled_from(["0", "-1", "'k'", "i", "f(j)", "o.n", "1:", "f(0):f(2)"])),
    st.builds("f({}).n".format, names),
    st.builds("f({})[f({})]".format, names, names),
)
CONSTANTS = ("0", "1", "2", "'k'", "[]", "[1, 2]", "{'k': 1}", "None", "(1, [2])")
OPERATORS = ("+", "-", "|", "&", "%", "==", "!=", "<", ">=", "in", "not in", "is", "and", "or")
CALLS = (
    "f({})", "f({}, k={})", "f(*{})", "f(*{}, **{})", "len({})", "list({})", "sorted({})", "print({}, {})", "str({})",
    "x.count({})", "x.pop({})", "x.index({})", "d.get({}, {})", "d.pop({}, {})", "d.setdefault('n', {})",
    "d.update({})", "o({}, {})", "o.l.index({})", "max({}, {})", "s.add({})", "q.popleft()", "'-'.join({})",
    "dict(d, a={})", "getattr({}, 'n', {})", "isinstance({}, list)", "next(iter({}))", "zip({}, {})", "vars(o)",
    "o.p.real", "g[0].bit_length()",
)  # fmt: skip
FORMS = (
    "({} if {} else {})", "({} * 2)", "(not {})", "-{}", "[{}, *{}]", "{{**{}, 'a': {}}}", "(v := {})",
    "f'{{{}}} {{{}!r:>9}}'", "[a for a in {} if {}]", "[(a, b) for a, b in {}]", "{{a: {} for a in {}}}",
    "list(a for a in {} for b in {})", "(lambda w: ({}, c, w))({})", "{} < {} < {}", "{} in {} == {}", "({}, {})",
    "[lambda: a for a in {}][0]()",
)  # fmt: skip
leaves = st.one_of(places, names, st.sampled_from(CONSTANTS))


def _larger(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.one_of(
        st.builds("({} {} {})".format, inner, st.sampled_from(OPERATORS), inner),
        st.builds(_filled, st.sampled_from(CALLS + FORMS), st.lists(inner, min_size=3, max_size=3)),
    )


def _filled(form: str, parts: list[str]) -> str:
    return form.format(*parts)


expressions = st.recursive(leaves, _larger, max_leaves=6)
assignments = st.builds(
    lambda places, value: " = ".join([*places, value]),
    st.lists(st.one_of(places, st.builds("{}, *{}".format, places, places)), min_size=1, max_size=2),
    expressions,
)
simple = st.one_of(
    assignments,
    st.builds("{} {} {}".format, places, st.sampled_from(["+=", "-=", "|=", "%="]), expressions),
    st.builds("{} *= 2".format, places),
    st.builds("{}({})".format, st.sampled_from(["x.append", "o.l.extend", "y.insert"]), expressions),
    st.builds("del {}".format, places),
    st.builds("say({})".format, expressions),
    st.builds("assert {}, {}".format, expressions, expressions),
    st.sampled_from(
        ["raise ValueError(i)", "def c(): return c", "import math as c", "global h; h = i; h += 1; say(h)"]
    ),
)
compound = st.one_of(
    st.builds("for {} in {}:\n    tick()\n    {}".format, places, expressions, simple),
    st.builds("for {}, {} in {}:\n    tick()".format, places, places, expressions),
    st.builds("if {}: {}\nelse: {}".format, expressions, simple, simple),
    st.builds(
        "match {}:\n    case [1, *v]: {}\n    case {{'k': v}}: {}\n    case _: pass".format, expressions, simple, simple
    ),
    st.builds("while {}:\n    tick()\n    {}".format, expressions, simple),
)


def program(statements: list[str]) -> str:
    """Each statement on its own, so that an error in one does not hide the next."""
    caught = "except Exception as error: say(type(error).__name__, str(error))"
    guarded = "".join(f"try:\n{textwrap.indent(one, '    ')}\n{caught}\n" for one in statements)
    body = (
        "i, j, x, y, d, o, q, s = 0, 2, [1, 2], [[3, 4], o0], {'k': [1]}, Loud(2), deque([5]), {1}\n"
        f"v, c = {{}}, 3\n{guarded}say(i, j, x, y, d, o, vars(o), q, s, v, keep()[:2])\n"
    )
    inner = textwrap.indent(f"def keep(): return i, c, x, v\n{body}", "    ")
    return f"{SETUP}\ndef run(o0):\n{inner}\ntry: run(Loud(1))\nfinally: result = log"


SETTINGS = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@SETTINGS
@given(st.lists(st.one_of(simple, compound), min_size=1, max_size=5))
def test_random_statements_do_the_same(statements: list[str]) -> None:
    _compare(program(statements))


@SETTINGS
@given(expressions)
def test_random_expressions_do_the_same_at_module_level(expression: str) -> None:
    setup = "i, j, x, y, d, o, q, s, v, c = 0, 2, [1], [[3, 4]], {'k': 1}, Loud(2), deque([5]), {1}, {}, 3"
    _compare(f"{SETUP}{setup}\ntry: result = [{expression}, log]\nfinally: print(log, x, y, d, v)")


def _compare(source: str) -> None:
    try:
        compile(source, "program.py", "exec")
    except SyntaxError:
        return  # about one in forty, quotes within an f-string before 3.12 for one
    plain, hooked = both_ways(source)
    assert hooked == plain
