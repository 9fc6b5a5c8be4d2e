"""The picture of a failure, from program to lines: the race first, waits in one line, no word broken in two."""

from __future__ import annotations

import textwrap
import unicodedata
from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness import corpus
from harness.execution import Replayed, Runner
from harness.explore import Replay
from harness.report.lanes import draw
from harness.report.relevance import relevant
from harness.report.search import replay_text
from harness.report.steps import carried_out, step_text
from harness.report.text import Style
from harness.schedule import Witness
from harness.world.program import load_program
from harness.world.values import show


class Chance:
    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def picture(tmp_path: Path, source: str, outcome: str, *turns: str) -> list[str]:
    path = tmp_path / "bank.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    program = load_program(path)
    shown = Runner(program).replay(Witness.parse(":".join(["h1", outcome, program.digest, *turns])))
    assert shown.diverged is None
    return draw(relevant(shown.trace, shown.execution.outcome)).splitlines()


def test_a_lost_update_is_four_steps_and_one_preemption(tmp_path: Path) -> None:
    source = """
        import threading
        class Account:
            def __init__(self): self.balance = 0
        def deposit(account):
            account.balance += 1
        def main():
            account = Account()
            threads = [threading.Thread(target=deposit, args=(account,), name=name) for name in ("ann", "bob")]
            for t in threads: t.start()
            for t in threads: t.join()
            assert account.balance == 2
    """
    assert picture(tmp_path, source, "violated", "ann@write+Account.balance=bob") == [
        " #  ann                        bob                        Account.balance",
        " 7  read Account.balance = 0                              0",
        "    ------- preempted ------->",
        " 9                             read Account.balance = 0   0",
        "10                             write Account.balance = 1  1",
        "11  write Account.balance = 1                             1",
    ]


def test_a_deadlock_is_who_took_what_last_and_who_waits(tmp_path: Path) -> None:
    source = """
        import threading
        A, B = threading.Lock(), threading.Lock()
        def pay(one, two):
            with A:
                pass
            with one:
                with two: pass
        def main():
            pairs = {"alice": (A, B), "bob": (B, A)}
            threads = [threading.Thread(target=pay, args=pairs[name], name=name) for name in pairs]
            for t in threads: t.start()
            for t in threads: t.join()
    """
    assert picture(tmp_path, source, "deadlock", "alice@acquire+A,2=bob:bob@acquire+A,2=alice") == [
        " #  alice              bob                A            B",
        "    -- alice preempted --->",
        "14                     acquire B                       bob",
        "    <--- preempted ---",
        "15  acquire A                             alice        bob",
        "    acquire B … waits                     alice        bob < alice",
        "    --- alice is blocked -->",
        "                       acquire A … waits  alice < bob  bob < alice",
        "    beside a lock: who holds it < who waits for it",
    ]


def test_locks_that_nobody_waits_for_stand_beside_the_lanes_only(tmp_path: Path) -> None:
    source = """
        import threading
        class Shop:
            def __init__(self): self.seats, self.lock = 1, threading.Lock()
        def book(shop):
            with shop.lock:
                free = shop.seats
            if free:
                with shop.lock:
                    shop.seats -= 1
        def main():
            shop = Shop()
            threads = [threading.Thread(target=book, args=(shop,), name=name) for name in ("ann", "bob")]
            for t in threads: t.start()
            for t in threads: t.join()
            assert shop.seats == 0
    """
    assert picture(tmp_path, source, "violated", "ann@acquire+Shop.lock,2=bob") == [
        " #  ann                    bob                   Shop.seats",
        " 9  read Shop.seats = 1                          1",
        "    ----- preempted ----->",
        "15                         read Shop.seats = 1   1",
        "19                         read Shop.seats = 1   1",
        "20                         write Shop.seats = 0  0",
        "23  read Shop.seats = 0                          0",
        "24  write Shop.seats = -1                        -1",
    ]


def test_who_has_taken_the_permits_that_others_wait_for_in_the_end_is_shown(tmp_path: Path) -> None:
    source = """
        import threading
        S, T = threading.Semaphore(1), threading.Semaphore(1)
        def both(one, other):
            with one:
                with other: pass
        def main():
            threads = [
                threading.Thread(target=both, args=pair, name=name) for name, pair in (("ann", (S, T)), ("bob", (T, S)))
            ]
            for t in threads: t.start()
            for t in threads: t.join()
    """
    assert picture(tmp_path, source, "deadlock", "ann@acquire+T=bob") == [
        " #  ann                bob                T",
        " 7  acquire S",
        "    --- preempted --->",
        " 9                     acquire T          0 free",
        "                       acquire S … waits  0 free",
        "    <--- bob is blocked --",
        "    acquire T … waits                     0 free",
    ]


def test_a_wait_inside_an_operation_is_one_line(tmp_path: Path) -> None:
    source = """
        import queue, threading
        board = queue.Queue(maxsize=1)
        def put():
            board.put(1)
            board.put(2)
        def main():
            t = threading.Thread(target=put, name="put")
            t.start()
            board.full()
            t.join()
    """
    assert picture(tmp_path, source, "deadlock") == [
        " #  MainThread        put                board",
        " 3  full board                           []",
        " 6                    put board          [1]",
        "                      put board … waits  [1]",
    ]


def test_words_are_not_broken_in_the_middle_to_make_room_for_state(tmp_path: Path) -> None:
    source = """
        import threading
        class ConnectionPool:
            def __init__(self): self.connections_in_use, self.connections_waiting = 0, 0
        def take(pool):
            pool.connections_waiting += 1
            pool.connections_in_use += 1
        def main():
            pool = ConnectionPool()
            threads = [threading.Thread(target=take, args=(pool,), name=name) for name in ("report", "order")]
            for t in threads: t.start()
            for t in threads: t.join()
    """
    lines = picture(tmp_path, source, "passed")
    assert max(map(len, lines)) <= 80
    assert sum("ConnectionPool.connections_waiting" in line for line in lines[1:]) >= 4


def columns(text: str) -> int:
    """The width of the widest line on a terminal."""
    return max(sum(1 + (unicodedata.east_asian_width(c) in "WF") for c in line) for line in text.splitlines())


def everything(shown: Replayed) -> Iterator[str]:
    """What `replay` prints of an execution, in each of its ways."""
    execution = shown.execution
    found = Replay(execution.outcome, execution.message, shown.diverged, shown.trace, "", execution.result)
    yield replay_text(found, Style())
    yield replay_text(found, Style(), all_steps=True)
    yield from (step_text(shown.trace, number, Style()) for number in carried_out(shown.trace))


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # executors that are unwound
@pytest.mark.parametrize("scenario", list(map(corpus.load, corpus.directories())), ids=lambda scenario: scenario.name)
def test_every_scenario_is_told_in_80_columns_and_without_an_address(scenario: corpus.Scenario) -> None:
    for text in everything(Runner(scenario.program("broken")).replay(Witness.parse(scenario.witness))):
        assert columns(text) <= 80
        assert " at 0x" not in text
        assert all(line.isprintable() for line in text.splitlines())


@pytest.mark.parametrize("threads", [8, 20])
def test_many_threads_with_long_names_of_any_script_keep_to_80_columns(threads: int, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(f"""
        import threading
        LOCKS = [threading.Lock() for _ in range(3)]
        class Účet:
            def __init__(self): self.zůstatek, self.položky = 0, {{}}
        def vložit(účet, i):
            účet.zůstatek += 1
            účet.položky["日本語のキー" * 3 + str(i)] = "値" * 50
            with LOCKS[i % 3]:
                with LOCKS[(i + 1) % 3]: pass
        def main():
            účet = Účet()
            threads = [
                threading.Thread(target=vložit, args=(účet, i), name="x" * i + " worker number " + str(i) + " 日本")
                for i in range({threads})
            ]
            for t in threads: t.start()
            for t in threads: t.join()
            assert účet.zůstatek == 0
    """), encoding="utf-8")  # fmt: skip
    runner = Runner(load_program(path))
    assert {columns(text) <= 80 for text in everything(runner.record(Chance(threads), 2_000))} == {True}


def states(tmp_path: Path, source: str, number: int) -> list[str]:
    """The lines about the shared state in what `replay --step` says of a step."""
    path = tmp_path / "shop.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    program = load_program(path)
    shown = Runner(program).replay(Witness.parse(f"h1:passed:{program.digest}"))
    assert shown.diverged is None
    return [line for line in step_text(shown.trace, number, Style()).splitlines() if line.startswith("  state ")]


def test_a_step_says_which_item_is_there_and_which_is_not_and_that_nobody_holds_the_lock(tmp_path: Path) -> None:
    source = """
        import threading
        LOCK = threading.Lock()
        SOLD_OUT, PRICES = {"tea"}, {"tea": 4}
        def order():
            with LOCK:
                "tea" in SOLD_OUT
                PRICES.pop("tea")
                SOLD_OUT.discard("rum")
        def main():
            t = threading.Thread(target=order, name="order")
            t.start()
            t.join()
            PRICES.get("tea")
            SOLD_OUT.clear()
    """
    assert states(tmp_path, source, 11) == [
        "  state    SOLD_OUT = {'tea'}",
        "  state    SOLD_OUT['tea'] = 'tea'",
        "  state    PRICES = {}",
        "  state    PRICES['tea'] = (nothing)",
        "  state    SOLD_OUT['rum'] = (nothing)",
        "  state    LOCK = (nobody)",
    ]


def test_an_executors_queue_has_as_many_tasks_as_nobody_has_begun(tmp_path: Path) -> None:
    source = """
        from concurrent.futures import ThreadPoolExecutor
        def main():
            with ThreadPoolExecutor(1, thread_name_prefix="worker") as pool:
                for _ in range(2):
                    pool.submit(print)
    """
    assert states(tmp_path, source, 6) == ["  state    pool = 1 queued"]


def test_a_wait_is_of_the_operation_that_began_it_and_not_of_the_last_one_shown(tmp_path: Path) -> None:
    source = """
        from concurrent.futures import ThreadPoolExecutor, as_completed
        from queue import LifoQueue
        def work(free):
            free.get()
        def main():
            free = LifoQueue()
            free.put(1)
            with ThreadPoolExecutor(1, thread_name_prefix="worker") as pool:
                for done in as_completed([pool.submit(work, free)]):
                    done.result()
    """
    assert picture(tmp_path, source, "passed")[:4] == [
        " #  MainThread            worker_0           free  pool    Future",
        " 1  put free                                 [1]",
        "    as_completed … waits                     [1]",
        "    -- MainThread is blocked --->",
    ]


@pytest.mark.parametrize("items", [range(100_000), [[0]] * 1000, [""] * 61, ["x" * 70], [], range(20)])
def test_a_long_container_is_cut_where_its_text_is(items: Sequence[Any]) -> None:
    for whole in (list(items), tuple(items), dict.fromkeys(map(str, items))):
        text = repr(whole).replace(",)", ")")
        assert show(whole) == (text if len(text) <= 60 else text[:59] + "…")
    assert show(deque(items)) == show(list(items))


def test_of_a_long_text_or_number_no_more_is_looked_at_than_is_shown() -> None:
    assert show("y" * 10**7) == "'" + "y" * 58 + "…"
    assert show([b"z" * 10**7]) == "[b'" + "z" * 56 + "…"
    assert show(2**20_000) == "0x1" + "0" * 56 + "…"
    assert show({10**6_000: 1}).startswith("{0xbdd4a7155919bd827d553e")
