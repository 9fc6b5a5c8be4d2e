"""What each construct of the language touches, as the whole log of its accesses."""

from __future__ import annotations

import types
from collections import defaultdict

import pytest

from tests.recording import Recorder, accesses

ACCOUNT = """
class Account:
    limit = 5
    def __init__(self):
        self.balance = 1
        self.__pin = 2
    def deposit(self, n):
        pass
    def pin(self):
        return self.__pin
    @property
    def half(self):
        return self.balance / 2
class Slotted:
    __slots__ = ("x",)
"""


def on_account(body: str) -> list[str]:
    """The log of `body`, in which `a` is an Account and `s` a Slotted."""
    return accesses(f"a, s = Account(), Slotted()\ns.x = 1\n{body}", ACCOUNT)[3:]


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("a.balance", ["read Account.balance"]),
        ("a.balance = 2", ["write Account.balance"]),
        ("a.new: int = 2", ["write Account.new"]),
        ("del a.balance", ["write Account.balance"]),
        ("a.balance += 1", ["read Account.balance", "write Account.balance"]),
        ("[a][0].balance += 1", ["read list[0]", "read Account.balance", "write Account.balance"]),
        ("a.balance, x = 1, 2", ["write Account.balance"]),
        ("for a.balance in (1, 2): pass", ["write Account.balance"] * 2),
        ("a.limit", ["read Account.limit + read class Account.limit"]),
        ("type(a).limit", ["read class Account.limit"]),
        ("type(a).limit = 3", ["write class Account.limit"]),
        ("type(a).limit += 3", ["read class Account.limit", "write class Account.limit"]),
        ("a.deposit(1)", []),
        ("a.deposit", []),
        ("a.deposit = print", ["write Account.deposit"]),
        ("a.deposit(1); a.deposit = 1", ["read Account.deposit + read class Account.deposit", "write Account.deposit"]),
        ("a.pin()", ["read Account._Account__pin"]),
        ("a.half", ["read Account.balance"]),
        ("s.x", ["read Slotted.x"]),
        ("s.x = 2", ["write Slotted.x"]),
        ("a.__dict__['balance']", ["read Account.balance"]),
        ("vars(a)['balance'] = 2", ["write Account.balance"]),
        ("a.__dict__.update(x=1)", ["write Account[*]"]),
        ("len(vars(a))", ["read Account[*]"]),
        ("a.__dict__ = {}", ["write Account[*]"]),
        ("getattr(a, 'balance')", ["read Account.balance"]),
        ("getattr(a, 'none', 0)", ["read Account.none"]),
        ("hasattr(a, 'x')", ["read Account.x"]),
        ("setattr(a, 'x', 1)", ["write Account.x"]),
        ("delattr(a, 'balance')", ["write Account.balance"]),
        ("object.__setattr__(a, 'x', 1)", ["write Account.x"]),
        ("a.balance.real", ["read Account.balance"]),
        ("'text'.upper", []),
    ],
)
def test_an_attribute_is_the_object_and_its_name(body: str, log: list[str]) -> None:
    assert on_account(body) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("x[0]", ["read list[0]"]),
        ("x[-1]", ["read list[2]"]),
        ("x[0] = 1", ["write list[0]"]),
        ("x[0] += 1", ["read list[0]", "write list[0]"]),
        ("del x[0]", ["write list[*]"]),
        ("x[1:]", ["read list[*]"]),
        ("x[1:] = []", ["write list[*] + read list[*]"]),
        ("x[len(x):] = []", ["read list[*]", "write list[*] + read list[*]"]),
        ("[x][0][x[0] - 1]", ["read list[0]", "read list[0]", "read list[0]"]),
        ("[x][0][x[0] - 1] += 1", ["read list[0]", "read list[0]", "read list[0]", "write list[0]"]),
        ("y['a']", ["read dict['a']"]),
        ("y['n'] = 1", ["write dict['n']"]),
        ("y['a'] += 1", ["read dict['a']", "write dict['a']"]),
        ("del y['a']", ["write dict['a']"]),
        ("y[1, 2] = 3", ["write dict[(1, 2)]"]),
        ("z['a']", ["write defaultdict['a']"]),
        ("z['a']; z['a']", ["write defaultdict['a']", "read defaultdict['a']"]),
        ("'abc'[0], (1, 2)[0]", []),
        ("x[0], y['b'] = 5, 6", ["write list[0]", "write dict['b']"]),
        ("list[int]", []),
    ],
)
def test_an_item_is_the_container_and_its_index_or_key(body: str, log: list[str]) -> None:
    assert accesses(body, x=[1, 2, 3], y={"a": 1}, z=defaultdict(int)) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("for _ in x: pass", ["read list[*]"] * 3),
        ("for _ in y: pass", ["read dict[*]"] * 3),
        ("for _ in y.items(): pass", ["read dict[*]"] * 3),
        ("for _ in enumerate(x): break", ["write enumerate[*] + write list_iterator[*] + read list[*]"]),
        ("for _ in zip(x): break", ["write zip[*] + write list_iterator[*] + read list[*]"]),
        ("for _ in g: pass", ["write generator[*]"] * 2),
        ("for _ in range(9), (1, 2), 'ab': pass", []),
        ("[0 for _ in x]", ["read list[*]"] * 3),
        ("{n: 1 for n in x if n}", ["read list[*]"] * 3),
        ("list(n for n in x)", ["write generator[*]", *["read list[*]"] * 3]),
        ("a, b = x", ["read list[*]"]),
        ("a, *b = x", ["read list[*]"]),
        ("[*x], (*x,), {*x}", ["read list[*]"] * 3),
        ("{**y}", ["read dict[*]"]),
        ("for a, b in [x]: pass", ["read list[*]", "read list[*]", "read list[*]"]),
        ("1 in x", ["read list[*]"]),
        ("1 in y", ["read dict[1]"]),
        ("len(x) in y", ["read list[*]", "read dict[2]"]),
        ("1 not in y", ["read dict[1]"]),
    ],
)
def test_each_step_of_an_iteration_is_an_access(body: str, log: list[str]) -> None:
    assert accesses(body, x=[1, 2], y={1: 2}, g=iter(n for n in (1,))) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("if x: pass", ["read list[*]"]),
        ("while not x: pass", ["read list[*]"]),
        ("x and y", ["read list[*]"]),
        ("x or y", ["read list[*]"]),
        ("if x and y: pass", ["read list[*]", "read dict[*]"]),
        ("1 if x else 2", ["read list[*]"]),
        ("assert x", ["read list[*]"]),
        ("f'{x}'", ["read list[*]"]),
        ("'%s' % (x,)", ["read list[*]"]),
        ("x == y", ["read dict[*] + read list[*]"]),
        ("x == [x]", ["read list[*] + read list[*]"]),
        ("x is y, x is not None", []),
        ("x + x", ["read list[*]"]),
        ("x * 2", ["read list[*]"]),
        ("x += [1]", ["write list[*] + read list[*]"]),
        ("y |= {}", ["write dict[*] + read dict[*]"]),
        ("x == [1][:] != y", ["read list[*]"] * 3 + ["read dict[*]"]),
        ("match x:\n case [1, *_]: pass", ["read list[*]"]),
        ("match y:\n case {'a': 1}: pass", ["read dict[*]"]),
        ("x is None or len(x) > 1", ["read list[*]"]),
    ],
)
def test_whole_values_are_read(body: str, log: list[str]) -> None:
    assert accesses(body, x=[1], y={2: 2}) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("n", ["read globals.n"]),
        ("global n; n = 2", ["write globals.n"]),
        ("global n; n += 1", ["read globals.n", "write globals.n"]),
        ("global n; n, x = 1, 2", ["write globals.n"]),
        ("global n\nfor n in (1, 2): pass", ["write globals.n"] * 2),
        ("global n; del n", ["write globals.n"]),
        ("global n; print(end='' if (n := 3) else '')", ["write globals.n"]),
        ("global n\nimport math as n", ["write globals.n"]),
        ("[n for _ in (1, 2)]", ["read globals.n"] * 2),
        ("globals()['n']", ["read globals.n"]),
        ("sys.modules", []),
        ("f, C, len", []),
    ],
)
def test_a_global_is_the_modules_namespace_and_its_name(body: str, log: list[str]) -> None:
    setup = "import sys\nn = 1\ndef f(): pass\nclass C: pass\ndef touch():\n global n\n n = 1"
    assert accesses(body, setup) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("x = 1\ndef f(): return x\nf()", []),
        ("def f(): return x\nx = 1\nf()", ["write cell", "read cell"]),
        ("x = 1\ndef f():\n nonlocal x\n x += 1\nf()", ["write cell", "read cell", "write cell"]),
        ("f = [lambda: i for i in (1, 2)]\nf[0]()", ["write cell"] * 2 + ["read list[0]", "read cell"]),
        ("for i in (1, 2): f = lambda: i", ["write cell"] * 2),
        ("x, y = 1, 2\ndef f(): x, y\nx, y = 3, 4\nf()", ["write cell"] * 4 + ["read cell"] * 2),
        ("with nullcontext() as x: lambda: x\nx", []),
        ("f = lambda: x\nwith nullcontext() as x: x", ["write cell", "read cell"]),
        ("i = 1\nsum(i for _ in (1,))", ["write generator[*]"]),
        ("def f(): return f\nf()", []),
        ("f = lambda: f\nf()", ["write cell", "read cell", "read cell"]),
    ],
)
def test_a_closure_variable_is_its_cell(body: str, log: list[str]) -> None:
    assert accesses(body, "from contextlib import nullcontext") == log


def test_subclasses_written_in_c_are_containers_and_overridden_methods_speak_for_themselves() -> None:
    setup = """
class Stack(list):
    def push(self, x): self.append(x)
    def pop(self): return super().pop()
    def __getitem__(self, i): return super().__getitem__(i)
    def __setattr__(self, name, value): super().__setattr__(name, value)
"""
    body = "s = Stack(); s.push(1); s[0]; s.name = 2; s.pop()"
    assert accesses(body, setup) == [
        "write Stack[*]",
        "read Stack[0]",
        "write Stack['name']",
        "write Stack[*]",
    ]


def test_keys_whose_hash_the_program_wrote_stand_for_the_whole() -> None:
    setup = "class Key:\n def __hash__(self): return 1\n def __eq__(self, other): return True"
    assert accesses("d = {}; d[Key()] = 1; Key() in d", setup) == ["write dict[*]", "read dict[*]"]


def test_dataclasses_are_read_whole_by_their_generated_methods() -> None:
    setup = "from dataclasses import dataclass\n@dataclass\nclass P:\n    x: int = 1"
    assert accesses("p = P(); p.x; p == P(); f'{p}'", setup) == [
        *("read P.x + read class P.x", "read P[*] + read P[*]"),
        "read P[*]",
    ]


def test_the_access_comes_after_the_arguments_and_before_the_effect() -> None:
    recorder = Recorder()
    recorder.execute("def run(x, f):\n x.append(f(x))\n x[f(x)] = f(x)\n x[0] += f(x)")
    x: list[int] = []
    recorder.interfere = lambda: recorder.log.append(f"  {x}")
    recorder.on = True

    def f(x: list[int]) -> int:
        recorder.log.append("call")
        return 0

    recorder.namespace["run"](x, types.FunctionType(f.__code__, recorder.namespace, closure=f.__closure__))
    assert recorder.log == [
        *("call", "write list[*]", "  []"),
        *("call", "call", "write list[0]", "  [0]"),
        *("read list[0]", "  [0]", "call", "write list[0]", "  [0]"),
    ]


def test_a_container_changed_between_two_steps_fails_as_in_plain_python() -> None:
    recorder = Recorder()
    recorder.execute("def run(d):\n for k in d: d[k + 1] = 1")
    with pytest.raises(RuntimeError, match="dictionary changed size during iteration") as caught:
        recorder.namespace["run"]({1: 1})
    assert caught.traceback[-1].frame.code.raw.co_filename == "program.py"


def test_sites_say_where_and_in_which_function() -> None:
    recorder = Recorder()
    recorder.execute("class Bank:\n    def pay(self):\n        balance = self.balance  # all\n        return balance\n")
    site = recorder.sites[-1]
    assert (site.file, site.line, site.function, site.text) == (
        *("program.py", 3, "Bank.pay"),
        "balance = self.balance  # all",
    )
