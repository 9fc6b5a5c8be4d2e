"""Complete states: equal where nothing is different, different where anything is, and no program code is run."""

from __future__ import annotations

import array
import collections
import functools
import gc
import io
import itertools
import re
import sys
import threading
import types
import weakref
import zlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.world import state_stack
from harness.world.state_stack import variables
from harness.world.state_walk import Differs, Walk


def tokens(value: Any, *ignored: str) -> list[Any]:
    walk = Walk(frozenset(ignored))
    walk.refer("value", value)
    walk.finish()
    assert walk.unknown == []
    return walk.tokens


def unknown(value: Any) -> list[str]:
    walk = Walk(frozenset())
    walk.refer("value", value)
    walk.finish()
    return walk.unknown


class Plain:
    def __init__(self, **attributes: Any) -> None:
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("value", "__weakref__")


def slotted(value: Any) -> Slotted:
    found = Slotted()
    found.value = value
    return found


# Graphs are built from recipes, so that the same one can be built twice.

leaves = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.none(), st.binary(max_size=2))
kinds = st.sampled_from(["list", "tuple", "dict", "object", "deque", "slots"])
recipes = st.recursive(
    leaves.map(lambda leaf: ("leaf", leaf)),
    lambda inner: st.tuples(kinds, st.lists(inner, max_size=3)),
    max_leaves=8,
)
MAKERS: dict[str, Callable[[list[Any]], Any]] = {
    "list": list,
    "tuple": tuple,
    "dict": lambda parts: {f"k{i}": part for i, part in enumerate(parts)},
    "object": lambda parts: Plain(**{f"a{i}": part for i, part in enumerate(parts)}),
    "deque": collections.deque,
    "slots": slotted,
}


def build(recipe: tuple[str, Any]) -> Any:
    kind, content = recipe
    return content if kind == "leaf" else MAKERS[kind]([build(part) for part in content])


@given(recipes)
def test_the_same_recipe_gives_the_same_tokens(recipe: tuple[str, Any]) -> None:
    assert tokens(build(recipe)) == tokens(build(recipe))


@given(recipes, recipes)
def test_other_graphs_give_other_tokens(one: tuple[str, Any], two: tuple[str, Any]) -> None:
    assert (tokens(build(one)) == tokens(build(two))) == (repr(one) == repr(two))


def test_sharing_and_cycles_are_part_of_a_graph() -> None:
    inner: list[Any] = []
    assert tokens([inner, inner]) != tokens([[], []])
    inner.append(inner)
    assert tokens(inner) == tokens(inner)
    assert tokens(inner) != tokens([[]])


def test_numbers_that_are_equal_but_of_other_types_differ() -> None:
    assert len({str(tokens(value)) for value in (1, 1.0, True)}) == 3


def test_ignored_names_do_not_count() -> None:
    assert tokens(Plain(tries=1, left=2), "tries") == tokens(Plain(tries=9, left=2), "tries")
    assert tokens(Plain(tries=1, left=2), "tries") != tokens(Plain(tries=1, left=3), "tries")


def test_a_comparison_ends_at_the_first_difference_and_says_where() -> None:
    walk = Walk(frozenset(), tokens(Plain(orders=[1, Plain(state="new")])))
    walk.refer("value", Plain(orders=[1, Plain(state="old")]))
    with pytest.raises(Differs, match=r"value\.orders\[1\]\.state"):
        walk.finish()


class Hostile:
    """Every door of it is guarded."""

    def __init__(self) -> None:
        object.__setattr__(self, "secret", [1])

    def _trap(self, *arguments: Any) -> Any:
        raise AssertionError("the program's code was run")

    __eq__ = __hash__ = __repr__ = __str__ = __getattribute__ = __getattr__ = __iter__ = __len__ = __bool__ = _trap  # type: ignore[assignment]
    __reduce__ = __reduce_ex__ = __setattr__ = __call__ = __index__ = __getitem__ = __contains__ = _trap  # type: ignore[assignment]
    value = property(_trap)


def test_none_of_the_programs_code_is_run() -> None:
    class HostileList(list[Any]):
        __iter__ = __len__ = __eq__ = __getitem__ = Hostile._trap  # type: ignore[assignment]

    class HostileDict(dict[Any, Any]):
        __iter__ = __len__ = __eq__ = __getitem__ = keys = items = values = Hostile._trap  # type: ignore[assignment]

    seen = [Hostile(), HostileList([1]), HostileDict(a=1), Hostile.value]
    assert tokens(seen) == tokens(seen)
    object.__getattribute__(seen[0], "secret").append(2)
    assert tokens(seen) != tokens([Hostile(), *seen[1:]])


ITERATORS: dict[str, Callable[[], Iterator[Any]]] = {
    "list": lambda: iter([0] * 5),
    "tuple": lambda: iter((0,) * 5),
    "range": lambda: iter(range(5)),
    "long range": lambda: iter(range(2**70, 2**70 + 5)),
    "str": lambda: iter("aaaaa"),
    "bytes": lambda: iter(b"aaaaa"),
    "dict": lambda: iter(dict.fromkeys(range(5))),
    "items": lambda: iter(dict.fromkeys(range(5)).items()),
    "set": lambda: iter({1, 2, 3, 4, 5}),
    "deque": lambda: iter(collections.deque([0] * 5)),
    "reversed": lambda: reversed([0] * 5),
    "enumerate": lambda: enumerate([0] * 5),
    "zip": lambda: zip([0] * 5, [0] * 5, strict=False),
    "map": lambda: map(abs, [0] * 5),
    "filter": lambda: filter(None, [1] * 5),
    "callable": lambda: iter(collections.deque([0] * 5).pop, 1),
    "repeat": lambda: itertools.repeat(None, 5),
    "count": lambda: itertools.count(),
    "cycle": lambda: itertools.cycle([1, 2, 3]),
    "islice": lambda: itertools.islice([0] * 9, 5),
    "chain": lambda: itertools.chain([0] * 5),
    "product": lambda: itertools.product([1, 2], [1, 2]),
    "permutations": lambda: itertools.permutations([1, 2, 3]),
    "accumulate": lambda: itertools.accumulate([1] * 5),
    "tee": lambda: itertools.tee([0] * 5)[0],
    "generator": lambda: (n for n in [0] * 5),
}


@pytest.mark.parametrize("make", ITERATORS.values(), ids=ITERATORS)
def test_an_iterators_progress_is_seen_and_looking_makes_none(make: Callable[[], Iterator[Any]]) -> None:
    iterator, twin = make(), make()
    states = []
    for _ in range(3):
        assert tokens([iterator]) == tokens([iterator])
        states.append(str(_comparable(tokens([iterator]))))
        assert next(iterator) == next(twin)
    assert len(set(states)) == 3


def _comparable(found: list[Any]) -> list[Any]:
    return [token for token in found if token is not None]


HIDING: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "attribute": (lambda: Plain(n=0), lambda o: setattr(o, "n", 1)),
    "slot": (lambda: slotted(0), lambda o: setattr(o, "value", 1)),
    "cell": (lambda: types.FunctionType(_counter.__code__, {}, closure=(types.CellType(0),)), lambda o: _set_cell(o)),
    "default": (lambda: types.FunctionType(_counter.__code__, {}, argdefs=([0],), closure=(types.CellType(0),)),
                lambda o: o.__defaults__[0].append(1)),
    "function attribute": (lambda: types.FunctionType(_counter.__code__, {}, closure=(types.CellType(0),)),
                           lambda o: setattr(o, "n", 1)),
    "bound method": (lambda: [0].append, lambda o: o(1)),
    "partial": (lambda: functools.partial(list, [0]), lambda o: o.args[0].append(1)),
    "array": (lambda: array.array("i", [0]), lambda o: o.append(1)),
    "bytearray": (lambda: bytearray(1), lambda o: o.append(1)),
    "text file": (lambda: io.StringIO("a\nb\n"), lambda o: o.readline()),
    "exception": (lambda: ValueError(0), lambda o: setattr(o, "args", (1,))),
    "counter": (lambda: collections.Counter(), lambda o: o.update("a")),
    "ordered": (lambda: collections.OrderedDict(a=1, b=2), lambda o: o.move_to_end("a")),
    "default dict": (lambda: collections.defaultdict(int), lambda o: o["a"]),
    "set": (lambda: {1}, lambda o: o.add(2)),
    "namespace": (lambda: types.SimpleNamespace(n=0), lambda o: setattr(o, "n", 1)),
    "module": (lambda: types.ModuleType("private"), lambda o: setattr(o, "n", 1)),
    "weak reference": (lambda: [Plain(), weakref.ref(Plain())], lambda o: o.__setitem__(1, weakref.ref(o[0]))),
}  # fmt: skip


def _maker() -> Callable[..., Any]:
    n = 0

    def counter(*_: Any) -> int:
        nonlocal n
        n += 1
        return n

    return counter


_counter: Any = _maker()


def _set_cell(function: Any) -> None:
    function.__closure__[0].cell_contents = 1


@pytest.mark.parametrize(("make", "change"), HIDING.values(), ids=HIDING)
def test_a_change_is_seen_wherever_it_hides(make: Callable[[], Any], change: Callable[[Any], Any]) -> None:
    obj = make()
    before = tokens(obj)
    assert before == tokens(obj)
    change(obj)
    assert before != tokens(obj)


@pytest.mark.parametrize(
    "obj", [zlib.compressobj(), re.finditer("x", "xx"), memoryview(b"x")], ids=lambda o: type(o).__name__
)
def test_what_cannot_be_looked_into_is_named(obj: Any) -> None:
    (name,) = unknown(Plain(held=obj))
    assert name.startswith("nobody can look into value.held")


def test_what_only_a_weak_reference_leads_to_may_vanish() -> None:
    cargo = Plain()
    assert unknown([weakref.ref(cargo), cargo]) == []
    assert unknown([weakref.ref(cargo)]) == ["the garbage collector may take value[0].a Plain away"]


def test_looking_at_variables_keeps_nothing_alive() -> None:
    def watched() -> Any:
        cargo = Plain()
        seen = weakref.ref(cargo)
        assert [name for name, _ in variables(sys._getframe())] == ["cargo", "seen"]
        del cargo
        return seen()

    gc.disable()
    try:
        assert watched() is None
    finally:
        gc.enable()


# Operand stacks


def beneath() -> list[Any]:
    found = state_stack.operands(sys._getframe(1))
    assert found is not None
    return [type(value).__name__ for value in found if value is not None and value is not state_stack.UNBOUND]


class Door:
    def __enter__(self) -> list[Any]:
        return beneath_caller()

    def __exit__(self, *error: object) -> None:
        pass

    def __add__(self, other: Any) -> list[Any]:
        return beneath_caller()

    def __getattr__(self, name: str) -> list[Any]:
        return beneath_caller()


def beneath_caller() -> list[Any]:
    found = state_stack.operands(sys._getframe(2))
    assert found is not None
    return [type(value).__name__ for value in found if value is not None and value is not state_stack.UNBOUND]


def test_loops_keep_their_iterators_where_they_can_be_seen() -> None:
    for _ in (1,):
        for _ in "a":
            assert beneath() == ["tuple_iterator", "str_ascii_iterator"]
    assert beneath() == []


def test_temporaries_are_seen_and_operands_of_the_call_under_way_are_not() -> None:
    pairs = [(1.5, beneath()) for _ in (1,)]
    assert pairs[0][1][-1] == "float"
    first, second = (b"x", Door() + 1)
    assert (first, second) == (b"x", ["bytes"])


def test_special_methods_are_calls_too() -> None:
    door = Door()
    for _ in (1,):
        assert door.handle == ["tuple_iterator"]
        with door as found:
            assert found == ["tuple_iterator"]


def test_a_handler_is_stood_in_with_its_exception() -> None:
    try:
        raise KeyError(1)
    except KeyError:
        found = beneath()
    assert "KeyError" not in found or found.count("KeyError") == 1


def test_a_suspended_generator_shows_its_loop() -> None:
    def walk() -> Iterator[int]:
        for n in range(3):  # noqa: UP028  # the loop's iterator is what is looked for
            yield n

    generator = walk()
    assert state_stack.operands(generator.gi_frame) == []  # type: ignore[attr-defined]
    next(generator)
    (iterator,) = state_stack.operands(generator.gi_frame)  # type: ignore[attr-defined, misc]
    assert list(iterator) == [1, 2]


def hides(depth: int = 1) -> bool:
    inner = sys._getframe(depth)
    assert inner.f_back is not None
    return state_stack.hides_progress(inner, inner.f_back)


def _hides(depth: int) -> bool:
    return hides(depth)


CALLS: dict[str, tuple[Callable[[], Any], bool]] = {
    "list of a map": (lambda: list(map(_hides, [1]))[0], True),
    "any of a generator": (lambda: any(hides() for _ in [0]), True),
    "sorted by a key": (lambda: (found := [], sorted([1], key=lambda n: found.append(hides()) or 0))[0][0], True),
    "extended by a generator": (lambda: [*(hides() for _ in [0])][0], True),
    "next of a map": (lambda: next(map(_hides, [1])), False),
    "a plain call": (lambda: (lambda: hides())(), False),
    "a class": (lambda: type("C", (), {"__init__": lambda self: setattr(self, "found", hides())})().found, False),
    "a partial": (lambda: functools.partial(lambda: hides())(), False),
    "a property": (lambda: type("C", (), {"x": property(lambda self: hides())})().x, False),
}


@pytest.mark.parametrize(("call", "hidden"), CALLS.values(), ids=CALLS)
def test_c_code_that_calls_back_more_than_once_hides_how_far_it_is(call: Callable[[], Any], hidden: bool) -> None:
    assert call() is hidden


def test_other_threads_stacks_can_be_read_while_they_wait() -> None:
    ready, done = threading.Event(), threading.Event()

    def wait() -> None:
        for _ in {"a": 1}.items():
            ready.set()
            done.wait()

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    ready.wait()
    frame: Any = sys._current_frames()[thread.ident]  # type: ignore[index]
    while frame.f_code is not wait.__code__:
        frame = frame.f_back
    found = [type(value).__name__ for value in state_stack.operands(frame) or ()]
    done.set()
    thread.join()
    assert found == ["dict_itemiterator"]
