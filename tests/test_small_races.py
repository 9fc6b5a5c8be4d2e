"""No lost interleaving, by counting: what the exhaustive search reaches is what plain Python can reach.

tests/programs/small_races.txt has a program a line, each with a kind of access of its own. What plain Python can reach
is found without the lab (tests/opcode_walk.py): the program as it is, switched between any two of its instructions.
Where the lab cannot take an operation apart it may miss a result, and then it must not claim that all was tried.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import pytest

from harness.budget import Budget
from harness.execution import Runner
from harness.laboratory import Here, Order
from harness.search import Found, Search
from harness.world.program import Program, digest
from tests.opcode_walk import TooMany, reachable

HEAD = """
class Box:
    total = 0
    def __init__(self): self.v = 0; self.w = 0
box = Box(); x = 0; y = 0; log = []; items = [1, 2]; table = {"k": 0}
def result(): return (x, y, log, items, sorted(map(str, table.items())), box.v, box.w, Box.total)
"""

TAIL = """
import threading
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in (t0, t1)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return result()
"""

COARSE = {
    "match seq", "weakref call", "gen shared", "cell_contents", "func default replace", "__class__ assign", "type()",
    "isinstance", "exec", "eval", "eval attr", "sort compares own lt", "index own eq", "remove own eq",
    "list repr calls change", "weakref proxy", "attribute order", "name order", "property replaced",
    "property replaced value", "descriptor replaced", "setattr instance method", "setattr class method",
    "vars instance method", "globals replaces def", "setattr __class__", "object setattr __class__",
    "type setattr method", "abc register", "abc register issub", "singledispatchmethod", "mock patch object",
    "redirect stdout", "chain late", "call star late", "lru before full", "own mutablemapping list",
    "match class pos",
}  # fmt: skip
"""Programs of which the lab misses results, and says so."""

FINER = {"lru_cache info", "iter sentinel", "exitstack pop_all", "own iter values", "slice assign gen"}
"""Programs that have a scheduling point inside of what is one instruction: more results than plain Python has."""


class Race(NamedTuple):
    """Two threads' statements. `quick`: part of every run of the tests."""

    name: str
    source: str
    quick: bool


def race(line: str) -> Race:
    parts = [part.strip(" ").replace("\\n", "\n") for part in line[2:].split("¦")] + [""] * 3
    name, setup, first, second, result, names = parts[:6]
    source = f"{HEAD}{setup}\n"
    for number, body in enumerate((first, second)):
        indented = body.replace("\n", "\n    ")
        source += f"def t{number}():\n    global {names or 'x, y'}\n    {indented}\n"
    return Race(name, source + (f"def result(): return {result}\n" if result else ""), line.startswith("*"))


RACES = [race(line) for line in (Path(__file__).parent / "programs/small_races.txt").read_text().splitlines()]


def explored(source: str) -> tuple[set[tuple[bool, str | None]], Found]:
    """(did a thread crash, result) of each execution of an exhaustive search, and what it came to."""
    source += TAIL
    program = Program(Path("/nowhere/race.py"), "race", source, digest(source))
    runner, seen = Runner(program), set()
    run = runner.run

    def watched(*args: Any, **kwargs: Any) -> Any:
        execution = run(*args, **kwargs)
        seen.add((execution.outcome.value in ("crashed", "violated"), execution.result))
        return execution

    runner.run = watched  # type: ignore[method-assign]
    order = Order(program, "exhaustive", 0, Budget(executions=20_000), None, None, True, False, ())
    return seen, Search(order, Here(order, runner)).run()


def agree(race: Race, preemptions: int) -> None:
    try:
        possible = reachable(race.source, preemptions, 6_000)
    except TimeoutError:
        pytest.skip("plain Python takes a lock of its own here")
    except TooMany:
        possible = reachable(race.source, preemptions - 1, 6_000)
    assert possible
    seen, found = explored(race.source)
    missed, more = possible - seen, seen - possible
    assert not missed or not found.exhausted, f"claims to have tried everything, and missed {missed}"
    assert bool(missed) == (race.name in COARSE), f"missed {missed}: {found.message}"
    assert not more or race.name in FINER, f"cannot happen: {more}"
    assert found.exhausted or found.unseen


@pytest.mark.parametrize("race", [race for race in RACES if race.quick], ids=lambda race: race.name)
def test_a_search_that_claims_everything_has_reached_what_plain_python_reaches(race: Race) -> None:
    agree(race, 3 if race.name == "singleton" else 2)


@pytest.mark.long
@pytest.mark.parametrize("race", [race for race in RACES if not race.quick], ids=lambda race: race.name)
def test_the_same_for_many_more_kinds_of_access(race: Race) -> None:
    agree(race, 3)


DEATHS = """
import threading
x = 0
def a():
    global x
    x = 1
def b(): pass
def main():
    one, two = threading.Thread(target=a, name="a"), threading.Thread(target=b, name="b")
    one.start(); two.start(); two.join()
    return x
"""


def test_what_a_thread_did_before_it_ended_unseen_is_no_order_of_things() -> None:
    """Main is the only thread left when it reads x, but nothing has made it wait for the other one."""
    program = Program(Path("/nowhere/deaths.py"), "deaths", DEATHS, digest(DEATHS))
    order = Order(program, "exhaustive", 0, Budget(executions=100), None, None, True, False, ())
    found = Search(order, Here(order, Runner(program))).run()
    assert (found.exhausted, set(found.results)) == (True, {"0", "1"})
