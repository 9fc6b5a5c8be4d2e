"""What calls of C code and of the library touch, as the whole log of their accesses."""

from __future__ import annotations

import gc
import weakref
from collections import Counter, OrderedDict, UserList, deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.recording import Recorder, accesses


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("x.append(1)", ["write list[*]"]),
        ("x.append(x.pop())", ["write list[*]", "write list[*]"]),
        ("x.extend(t)", ["write list[*]"]),
        ("x.extend(x)", ["write list[*] + read list[*]"]),
        ("x.index(1)", ["read list[*]"]),
        ("x.copy()", ["read list[*]"]),
        ("x.sort(key=lambda n: -n)", ["write list[*]"] * 3),
        ("x.sort()", ["write list[*]"]),
        ("y.get('a')", ["read dict['a']"]),
        ("y.setdefault('a', 1)", ["read dict['a']"]),
        ("y.setdefault('b', 1)", ["write dict['b']"]),
        ("y.pop('a')", ["write dict['a']"]),
        ("y.pop('b', 0)", ["read dict['b']"]),
        ("y.popitem()", ["write dict[*]"]),
        ("y.update(y)", ["write dict[*] + read dict[*]"]),
        ("y.items()", []),
        ("y.clear()", ["write dict[*]"]),
        ("z.add(1)", ["read set[1]"]),
        ("z.add(2)", ["write set[2]"]),
        ("z.discard(2)", ["read set[2]"]),
        ("z.discard(1)", ["write set[1]"]),
        ("z.union(x)", ["read set[*] + read list[*]"]),
        ("z.update(x)", ["write set[*] + read list[*]"]),
        ("q.appendleft(1)", ["write deque[*]"]),
        ("q.popleft()", ["write deque[*]"]),
        ("q.rotate()", ["write deque[*]"]),
        ("c.most_common()", ["read Counter[*]"]),
        ("c.update(x)", ["write Counter[*] + read list[*]"]),
        ("o.move_to_end(1)", ["write OrderedDict[*]"]),
        ("'-'.join(s)", ["read list[*]"]),
        ("f = x.append; f(1)", ["write list[*]"]),
        ("list.append(x, 1)", ["write list[*]"]),
        ("x.__len__()", ["read list[*]"]),
        ("{}.setdefault(x[0], x[1])", ["read list[0]", "read list[1]", "write dict[1]"]),
    ],
)
def test_a_method_call_touches_right_before_the_call(body: str, log: list[str]) -> None:
    containers = {"q": deque([1]), "c": Counter([1]), "o": OrderedDict({1: 2})}
    assert accesses(body, x=[1, 2], y={"a": 1}, z={1}, t=(1,), s=["a"], **containers) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("len(x)", ["read list[*]"]),
        ("sorted(x, key=lambda n: n)", ["read list[*]"]),
        ("max(x, default=len(y))", ["read dict[*]", "read list[*]"]),
        ("list(y)", ["read dict[*]"]),
        ("dict(y, **y)", ["read dict[*]", "read dict[*]"]),
        ("print(*x, end='')", ["read list[*]"]),
        ("str(x)", ["read list[*]"]),
        ("next(i)", ["write list_iterator[*] + read list[*]"]),
        ("heapq.heappush(x, 0)", ["write list[*]"]),
        ("heappop(x)", ["write list[*]"]),
        ("bisect.insort(x, 2)", ["write list[*]"]),
        ("random.shuffle(x)", ["write Random[*] + write list[*]"]),
        ("random.Random(1).choice(x)", ["write Random[*] + read list[*]"]),
        ("copy.deepcopy([x])", ["read list[*] + read list[*]"]),
        ("operator.setitem(x, 0, 1)", ["write list[*]"]),
        ("functools.partial(len, x)()", ["read list[*]"]),
        ("isinstance(x, list), id(x), type(x)", []),
        ("enumerate(x)", []),
        ("enumerate(y)", ["read dict[*]"]),
        ("f(x)", []),
    ],
)
def test_a_call_of_c_code_touches_its_container_arguments(body: str, log: list[str]) -> None:
    setup = """
        import bisect, copy, functools, heapq, operator, random
        from heapq import heappop
        def f(x): pass
    """
    x = [1, 2]
    assert accesses(body, setup, x=x, y={}, i=iter(x)) == log


def test_an_attribute_that_holds_a_c_function_is_read_and_then_called() -> None:
    setup = "class A:\n def __init__(self, f): self.f = f"
    assert accesses("a = A([].append); a.f(1)", setup) == ["write A.f", "read A.f", "write list[*]"]


def test_a_call_that_writes_only_sometimes_is_announced_again_if_that_changed_meanwhile() -> None:
    recorder = Recorder()
    recorder.execute("def run(d): return d.setdefault('k', 1)")
    d = {"k": 0}
    recorder.interfere = d.clear
    recorder.on = True
    assert recorder.namespace["run"](d) == 1
    assert recorder.log == ["read dict['k']", "write dict['k']"]


@pytest.mark.parametrize(
    ("body", "log"),
    [
        (
            "x.extend(g)",
            ["write list[*] + write generator[*]", *["write generator[*]", "write list[*]"] * 2, "write generator[*]"],
        ),
        ("max(x, key=lambda n: n)", ["read list[*]"] * 3),
        ("list(map(lambda n: n, x))", ["write map[*]", *["read list[*]"] * 3]),
        ("functools.reduce(lambda a, b: a, x)", ["read list[*]"] * 3),
    ],
)
def test_c_code_that_runs_program_code_between_elements_announces_each_element(body: str, log: list[str]) -> None:
    assert accesses(body, "import functools", x=[1, 2], g=(n for n in (1, 2))) == log


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("u[0] = 1", ["write UserList[*] + write list[*]"]),
        ("u.append(1), len(u), u.copy()", [f"{k} UserList[*] + {k} list[*]" for k in ("write", "read", "read")]),
        ("for _ in u: break", ["read UserList[*] + read list[*]"] * 2),
        ("m[0] = 1", ["write bytearray[0]"]),
    ],
)
def test_containers_of_the_library_count_as_wholes(body: str, log: list[str]) -> None:
    assert accesses(body, u=UserList([1]), m=memoryview(bytearray(b"abc"))) == log


def test_what_is_known_of_a_class_does_not_keep_it_alive() -> None:
    recorder = Recorder()
    recorder.execute(
        "class A:\n    x = 1\n    def f(self): return self.x, self.f\na = A(); a.f(); A.x; a.x = 2; vars(a)['x']"
    )
    dead = weakref.ref(recorder.namespace["A"])
    recorder.namespace.clear()
    gc.collect()
    assert dead() is None


def test_a_library_function_that_wraps_the_programs_own_is_judged_by_where_its_code_is() -> None:
    class Pool:
        @contextmanager
        def connection(self) -> Iterator[int]:
            yield 1

    body = "with pool.connection() as c: pass"
    assert [step for step in accesses(body, pool=Pool()) if step.startswith("write")] == ["write generator[*]"]


@pytest.mark.parametrize(
    ("setup", "log"),
    [
        (
            """
            class A: x = 1
            class B(A): pass
            b = B()
            def change(): A.x = property(lambda self: 2)
            """,
            ["read B.x + read class B.x + read class A.x", "write class A.x"],
        ),
        (
            """
            class M(type): x = 1
            class B(metaclass=M): pass
            b = B
            def change(): M.x = property(lambda self: 2)
            """,
            ["read class B.x + read class M.x", "write class M.x"],
        ),
    ],
    ids=["inherited", "of its own class"],
)
def test_what_is_known_of_an_attribute_is_learned_anew_when_a_class_gets_another(setup: str, log: list[str]) -> None:
    """A property reads nothing by itself."""
    assert [step for step in accesses("b.x; change(); b.x", setup) if step.endswith(".x")] == log


@pytest.mark.parametrize("key", ["Path('a')", "UUID(int=1)", "Point(1, Path('a'))"])
def test_to_find_a_key_of_a_kind_that_never_changes_nothing_else_is_read(key: str) -> None:
    """Neither the dict's values nor other keys that are lists of lists: the program compares nothing here."""
    setup = f"""
    from collections import namedtuple
    from pathlib import Path
    from uuid import UUID
    Point = namedtuple("Point", "x path")
    class A:
        def __eq__(self, other): return True
    d, k = {{{key}: [A()]}}, {key}
    """
    log = accesses("d[k]; d[k] = 1; d.get(k); k in d", setup)
    assert [step for step in log if "globals" not in step] == [
        "read dict[*]", "write dict[*]", "read dict[*]", "read dict[*]"
    ]  # fmt: skip
