"""Names in traces: as a person with the source before them would say it, no address, no number without need."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import pytest

from harness.execution import Runner
from harness.world.program import load_program


class Turns:
    """The thread that was started last goes first, so that all of them are under way at once."""

    every_step = False

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return enabled[-1] if step % 2 else enabled[0]


def named(tmp_path: Path, source: str, kinds: str) -> set[str]:
    """The objects of the operations of these kinds in one execution."""
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    found = Runner(load_program(path)).record(Turns(), 5_000)
    assert found.execution.message == ""
    return {step.object for step in found.trace.steps if step.operation in kinds.split()}


RUN = """
    for t in threads: t.start()
    for t in threads: t.join()
"""


def program(head: str, targets: str) -> str:
    """Two threads, each of which runs one of `targets`, called `t0` and `t1`."""
    body = f"    threads = [threading.Thread(target=f, args=a, name=f't{{n}}') for n, (f, a) in enumerate([{targets}])]"
    return "import threading\n" + textwrap.dedent(head) + body + RUN


MAIN_ITSELF = {"threads", "list_iterator"}
"""What the main thread of `program` goes through."""


def test_the_only_object_of_a_class_goes_by_its_class(tmp_path: Path) -> None:
    source = program(
        """
        class Account:
            def __init__(self): self.balance, self.lock, self.log = 0, threading.Lock(), []
        def deposit(account):
            with account.lock:
                account.balance += 1
                account.log.append(1)
        def main():
            account = Account()
        """,
        "(deposit, (account,)), (deposit, (account,))",
    )
    found = named(tmp_path, source, "read write acquire release") - MAIN_ITSELF
    assert found == {"Account.lock", "Account.balance", "Account.log"}


def test_the_class_itself_and_its_only_object_need_no_number(tmp_path: Path) -> None:
    source = program(
        """
        class Account:
            balance = 0
        def deposit(account):
            account.balance += 1
            Account.balance += 1
        def main():
            account = Account()
        """,
        "(deposit, (account,)), (deposit, (account,))",
    )
    assert named(tmp_path, source, "read write") - MAIN_ITSELF == {"Account.balance"}


def test_several_objects_go_by_the_variables_of_main(tmp_path: Path) -> None:
    source = program(
        """
        class Account:
            def __init__(self): self.lock = threading.Lock()
        def pay(payer, payee):
            with payer.lock: pass
            with payee.lock: pass
        def main():
            alice, bob = Account(), Account()
        """,
        "(pay, (alice, bob)), (pay, (bob, alice))",
    )
    assert named(tmp_path, source, "acquire release") == {"alice.lock", "bob.lock"}


def test_items_of_a_list_go_by_their_place_not_by_a_loops_variable(tmp_path: Path) -> None:
    source = program(
        """
        def eat(left, right):
            with left:
                with right: pass
        def main():
            forks = [threading.Lock() for _ in range(3)]
            for fork in forks:
                with fork: pass
        """,
        "(eat, (forks[0], forks[1])), (eat, (forks[0], forks[2]))",
    )
    assert named(tmp_path, source, "acquire") == {"forks[0]", "forks[1]", "forks[2]"}


def test_a_conditions_own_lock_goes_by_the_conditions_name(tmp_path: Path) -> None:
    source = program(
        """
        class Payments:
            def __init__(self): self.news = threading.Condition()
        def tell(payments):
            with payments.news: payments.news.notify_all()
        def main():
            payments = Payments()
        """,
        "(tell, (payments,)), (tell, (payments,))",
    )
    assert named(tmp_path, source, "acquire release notify") == {"Payments.news"}


def test_a_condition_on_a_lock_that_has_a_name_leaves_it_that_name(tmp_path: Path) -> None:
    source = program(
        """
        def tell(lock, full, empty):
            with full: full.notify_all()
            with lock: pass
        def main():
            lock = threading.Lock()
            full, empty = threading.Condition(lock), threading.Condition(lock)
        """,
        "(tell, (lock, full, empty)), (tell, (lock, full, empty))",
    )
    assert named(tmp_path, source, "acquire") == {"lock"}
    assert named(tmp_path, source, "notify") == {"full"}


def test_globals_closure_variables_and_class_attributes_go_by_their_names(tmp_path: Path) -> None:
    source = program(
        """
        total = 0
        class Counter:
            made = 0
        def main():
            inside = 0
            def work():
                global total
                nonlocal inside
                total += 1
                inside += 1
                Counter.made += 1
        """,
        "(work, ()), (work, ())",
    )
    assert named(tmp_path, source, "write") == {"total", "inside", "Counter.made"}


def test_keys_and_members_are_in_brackets_and_attributes_after_a_dot(tmp_path: Path) -> None:
    source = program(
        """
        class Shop:
            def __init__(self): self.open, self.seen, self.stock = {}, set(), [0, 0]
        def work(shop):
            shop.open["order 1"] = 1
            shop.seen.add("order 1")
            "order 1" in shop.seen
            shop.stock[1] += 1
        def main():
            shop = Shop()
        """,
        "(work, (shop,)), (work, (shop,))",
    )
    assert named(tmp_path, source, "read write") - MAIN_ITSELF == {
        "Shop.open", "Shop.open['order 1']", "Shop.seen", "Shop.seen['order 1']", "Shop.stock", "Shop.stock[1]",
    }  # fmt: skip


def test_queues_futures_and_an_executors_queue_go_by_the_programs_variables(tmp_path: Path) -> None:
    source = """
        import queue, threading
        from concurrent.futures import ThreadPoolExecutor
        jobs = queue.Queue()
        def main():
            with ThreadPoolExecutor(1, thread_name_prefix="worker") as pool:
                charge = pool.submit(jobs.put, 1)
                jobs.get()
                return charge.result()
    """
    assert named(tmp_path, source, "put get submit shutdown") == {"jobs", "pool"}
    assert named(tmp_path, source, "result set_result") <= {"charge", "Future"}


@pytest.mark.parametrize("kind", ["start", "join"])
def test_threads_go_by_their_names(kind: str, tmp_path: Path) -> None:
    source = program("def work(): pass\ndef main():\n", "(work, ()), (work, ())")
    assert named(tmp_path, source, kind) == {"t0", "t1"}


def test_what_has_no_name_goes_by_its_type_and_only_the_second_one_has_a_number(tmp_path: Path) -> None:
    source = program(
        """
        class Box: pass
        def fill(boxes):
            boxes.pop().full = True
        def main():
            boxes = {Box(), Box()}
        """,
        "(fill, (boxes,)), (fill, (boxes,))",
    )
    assert {name for name in named(tmp_path, source, "write") if "full" in name} == {"Box.full", "Box.2.full"}


def test_keys_that_are_objects_go_by_their_names(tmp_path: Path) -> None:
    source = program(
        """
        import enum
        class Kind(enum.Enum):
            A = 1
        class Who:
            def __init__(self, name): self.name = name
            def __repr__(self): raise AssertionError("no code of the program is run for a name")
        ann, bob, table = Who("ann"), Who("bob"), {}
        def work(): table[ann] = table[bob, Kind.A] = table[Kind.A] = table["x"] = 1
        def main():
        """,
        "(work, ()), (work, ())",
    )
    found = named(tmp_path, source, "write")
    assert found == {"table[ann]", "table[(bob, Kind.A)]", "table[Kind.A]", "table['x']"}
