"""Data races: two accesses that nothing orders are reported, with their places and locks; ordered ones never are."""

from __future__ import annotations

import textwrap
from pathlib import Path
from random import Random
from typing import Any

import pytest

from harness.budget import Budget
from harness.detectors.races import Race, races
from harness.execution import Replayed, Runner
from harness.explain import DataRace, data_races, merged
from harness.explore import Options, explore
from harness.outcome import Outcome
from harness.trace import WHOLE, Access, Operation, Step
from harness.world.program import load_program


class Chance:
    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


def recorded(tmp_path: Path, source: str, seeds: int = 12) -> list[Replayed]:
    """Executions of a program under chance, each access a step."""
    path = tmp_path / "bank.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    runner = Runner(load_program(path))
    return [runner.record(Chance(seed), 5_000) for seed in range(seeds)]


def told(found: list[DataRace]) -> set[str]:
    return {race.sentence for race in found}


# The judgement alone, over plain steps.


def step(task: int, kind: str, obj: Any, key: Any = WHOLE, site: int = 0, released: tuple[str, ...] = ()) -> Step:
    mode = "r" if kind in ("read", "begin", "join", "is_set") else "w"
    return Step(task, Operation(kind, obj, key, site), (Access(obj, key, mode),), released, (), (0, 1), 0, False, False)


def raced(steps: list[Step], failed: set[int] = set()) -> list[Race]:  # noqa: B006
    return races(steps, {"x", "y"}, failed)


def test_two_writes_without_any_order_are_a_race() -> None:
    assert raced([step(0, "write", "x", "a"), step(1, "write", "x", "a")]) == [Race(0, 1)]


def test_two_reads_and_two_places_are_none() -> None:
    assert raced([step(0, "read", "x", "a"), step(1, "read", "x", "a")]) == []
    assert raced([step(0, "write", "x", "a"), step(1, "write", "x", "b")]) == []


def test_a_whole_object_overlaps_with_each_of_its_parts() -> None:
    assert raced([step(0, "write", "x", "a"), step(1, "read", "x")]) == [Race(0, 1)]
    assert raced([step(0, "write", "x"), step(1, "read", "x", "a")]) == [Race(0, 1)]


def test_what_a_lock_orders_is_no_race_and_what_lies_outside_of_it_is_one() -> None:
    inside = [step(0, "acquire", "L"), step(0, "write", "x"), step(0, "release", "L", released=("L",))]
    after = [step(1, "acquire", "L"), step(1, "write", "x")]
    assert raced([*inside, *after]) == []
    assert raced([*inside, step(0, "write", "x", site=1), *after]) == [Race(3, 5)]


def test_an_attempt_that_got_no_lock_orders_nothing() -> None:
    steps = [
        step(0, "write", "x"), step(0, "acquire", "L"), step(0, "release", "L", released=("L",)),
        step(1, "try_acquire", "L"), step(1, "read", "x"),
    ]  # fmt: skip
    assert raced(steps) == []
    assert raced(steps, failed={3}) == [Race(0, 4)]


def test_one_who_only_looks_comes_after_changes_but_orders_nobody() -> None:
    change = [step(0, "write", "x"), step(0, "set", "E")]
    assert raced([*change, step(1, "is_set", "E"), step(1, "read", "x")]) == []
    assert raced([step(1, "write", "x"), step(1, "is_set", "E"), step(0, "is_set", "E"), step(0, "read", "x")]) == [
        Race(0, 3)
    ]


def test_what_a_step_touches_beyond_its_operation_comes_after_it() -> None:
    joined = step(0, "join", ("thread", 1))
    joined = joined._replace(accesses=(*joined.accesses, Access("x", WHOLE, "r")))
    ended = step(1, "write", "x")
    ended = ended._replace(accesses=(*ended.accesses, Access(("thread", 1), WHOLE, "w")))
    assert raced([ended, joined]) == []
    assert raced([step(1, "write", "x"), joined]) == [Race(0, 1)]


def test_each_pair_of_places_is_reported_once() -> None:
    steps = [step(task, kind, "x", site=10 * task) for _ in range(3) for task in (0, 1) for kind in ("read", "write")]
    assert raced(steps) == [Race(1, 2), Race(0, 3), Race(1, 3)]


def test_a_step_that_touches_two_objects_races_on_both() -> None:
    both = step(0, "write", "x")
    both = both._replace(accesses=(*both.accesses, Access("y", WHOLE, "r")))
    assert raced([both, step(1, "write", "y", site=1), step(1, "read", "x", site=2)]) == [Race(0, 1), Race(0, 2)]


# Whole programs.

SYNCHRONISED = {
    "lock": """
        import threading
        lock, total = threading.Lock(), 0
        def add():
            global total
            for _ in range(2):
                with lock:
                    total += 1
        def main():
            threads = [threading.Thread(target=add, name=f"t{n}") for n in range(2)]
            for t in threads: t.start()
            with lock:
                seen = total
            for t in threads: t.join()
            assert total == 4
    """,
    "a lock that is only tried": """
        import threading
        lock, total = threading.RLock(), []
        def add():
            if lock.acquire(blocking=False):
                total.append(len(total))
                lock.release()
            if lock.acquire(timeout=1):
                total.append(len(total))
                lock.release()
        def main():
            threads = [threading.Thread(target=add, name=f"t{n}") for n in range(2)]
            for t in threads: t.start()
            for t in threads: t.join()
    """,
    "condition": """
        import threading
        news, box = threading.Condition(), {}
        def put():
            with news:
                box["a"] = box.get("a", 0) + 1
                news.notify_all()
        def take():
            with news:
                news.wait_for(lambda: box.get("a", 0) == 2)
                box["b"] = box["a"]
        def main():
            threads = [threading.Thread(target=f, name=n) for f, n in ((take, "take"), (put, "p1"), (put, "p2"))]
            for t in threads: t.start()
            for t in threads: t.join()
            assert box == {"a": 2, "b": 2}
    """,
    "event": """
        import threading
        ready, done, page = threading.Event(), threading.Event(), {}
        def write():
            page["text"] = "hello"
            ready.set()
        def answer():
            ready.wait()
            page["text"] = page["text"] + " there"
            done.set()
        def main():
            threads = [threading.Thread(target=f, name=f.__name__, daemon=True) for f in (answer, write)]
            for t in threads: t.start()
            done.wait()
            page["text"] += "!"
    """,
    "an event that is polled": """
        import threading, time
        ready, page = threading.Event(), {}
        def write():
            page["text"] = "hello"
            ready.set()
        def main():
            threading.Thread(target=threading.Event().wait, name="idle", daemon=True).start()
            threading.Thread(target=write, name="write").start()
            while not ready.is_set():
                time.sleep(0.1)
            page["text"] += "!"
    """,
    "queue": """
        import threading, queue
        jobs, answers = queue.Queue(maxsize=1), queue.SimpleQueue()
        def work():
            while (job := jobs.get()) is not None:
                job["done"] = job["n"] * 2
                jobs.task_done()
                answers.put(job)
        def main():
            worker = threading.Thread(target=work, name="worker")
            worker.start()
            given = [{"n": n} for n in range(2)]
            for job in given:
                job["asked"] = True
                jobs.put(job)
            jobs.join()
            assert [job["done"] for job in given] == [0, 2]
            jobs.put(None)
            for _ in given:
                answers.get()["seen"] = True
    """,
    "semaphore": """
        import threading
        free, full, box = threading.Semaphore(1), threading.Semaphore(0), []
        def produce():
            for n in range(2):
                with_room = free.acquire()
                box.append(n)
                full.release()
        def consume():
            for n in range(2):
                full.acquire()
                box.pop()
                free.release()
        def main():
            threads = [threading.Thread(target=f, name=f.__name__) for f in (produce, consume)]
            for t in threads: t.start()
            for t in threads: t.join()
    """,
    "barrier": """
        import threading
        barrier, halves, sums = threading.Barrier(2), {}, {}
        def work(me, other):
            halves[me] = me + 1
            barrier.wait()
            sums[me] = halves[me] + halves[other]
        def main():
            threads = [threading.Thread(target=work, args=(n, 1 - n), name=f"t{n}") for n in range(2)]
            for t in threads: t.start()
            for t in threads: t.join()
            assert sums == {0: 3, 1: 3}
    """,
    "start and join": """
        import threading
        log = {}
        def child():
            log["x"] = log["x"] + 1
        def main():
            for _ in range(2):
                log["x"] = 1
                t = threading.Thread(target=child, name="child")
                t.start()
                t.join()
                log["x"] += 1
    """,
    "futures": """
        from concurrent.futures import ThreadPoolExecutor
        def double(job):
            job["result"] = job["n"] * 2
            return job
        def main():
            with ThreadPoolExecutor(2, thread_name_prefix="pool") as pool:
                jobs = [{"n": n} for n in range(3)]
                for future in [pool.submit(double, job) for job in jobs]:
                    future.result()["result"] += 1
            return sum(job["result"] for job in jobs)
    """,
    "futures that are waited for": """
        from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, as_completed, wait
        class Box:
            def __init__(self): self.n = 0
        def work(box):
            box.n += 1
            return box
        def main():
            boxes = [Box() for _ in range(2)]
            with ThreadPoolExecutor(2, thread_name_prefix="w") as pool:
                futures = [pool.submit(work, box) for box in boxes]
                for future in wait(futures, return_when=FIRST_COMPLETED).done: future.result().n += 1
                for future in as_completed(futures): future.result().n += 1
                last = pool.submit(work, Box())
                last.add_done_callback(lambda future: setattr(future.result(), "n", 9))
            for box in boxes: box.n += 1
            return last.result().n
    """,
    "queues of every kind, and a thread that is seen to have ended": """
        import queue, threading
        class Box:
            def __init__(self): self.n = self.m = 0
        def main():
            box, urgent, stack = Box(), queue.PriorityQueue(), queue.LifoQueue()
            def one():
                box.n += 1
                urgent.put((1, box))
            def two():
                urgent.get()[1].n += 1
                box.m += 1
                stack.put(1)
            timer = threading.Timer(1, lambda: stack.get() and setattr(box, "m", 5))
            threads = [threading.Thread(target=f, name=f.__name__) for f in (one, two)]
            for t in (*threads, timer): t.start()
            while threads[1].is_alive(): threads[1].join(1)
            box.n += 1
            timer.join()
            box.m += 1
    """,
    "a lock that is handed over": """
        import threading
        page, full = {}, threading.Lock()
        def write():
            page["text"] = "hello"
            full.release()
        def main():
            full.acquire()
            threading.Thread(target=write, name="write").start()
            full.acquire()
            page["text"] += "!"
    """,
    "random numbers, which are made for being drawn by several": """
        import random, threading
        def draw(): random.uniform(0, 1)
        def main():
            threads = [threading.Thread(target=draw, name=f"t{n}") for n in range(2)]
            for t in threads: t.start()
            for t in threads: t.join()
    """,
    "timer": """
        import threading
        log = {}
        def ring():
            log["rung"] = True
        def main():
            threading.Thread(target=threading.Event().wait, name="idle", daemon=True).start()
            log["rung"] = False
            timer = threading.Timer(5, ring)
            timer.start()
            timer.join()
            assert log["rung"]
    """,
}


@pytest.mark.parametrize("name", SYNCHRONISED)
def test_a_program_that_synchronises_has_no_races(name: str, tmp_path: Path) -> None:
    found = recorded(tmp_path, SYNCHRONISED[name])
    assert {(run.execution.outcome, run.execution.message) for run in found} == {(Outcome.PASSED, "")}
    assert [told(data_races(run)) for run in found] == [set()] * len(found)


def test_a_race_is_told_with_both_places_and_the_locks_held_there(tmp_path: Path) -> None:
    runs = recorded(tmp_path, """
        import threading
        class Account:
            def __init__(self):
                self.balance, self.lock = 0, threading.Lock()
        def deposit(account):
            with account.lock:
                account.balance = 1
        def look(account):
            return account.balance
        def main():
            account = Account()
            threads = [threading.Thread(target=f, args=(account,), name=f.__name__) for f in (deposit, look)]
            for t in threads: t.start()
            for t in threads: t.join()
    """)  # fmt: skip
    found = merged(*map(data_races, runs))
    assert len(found) == 1
    sides = {(p.thread, p.operation, p.object, p.line, p.source, p.locks) for p in (found[0].first, found[0].second)}
    assert sides == {
        ("deposit", "write", "Account.balance", 8, "account.balance = 1", ("Account.lock",)),
        ("look", "read", "Account.balance", 10, "return account.balance", ()),
    }
    assert told(found) <= {
        "deposit's write of Account.balance (bank.py:8, holding Account.lock) and "
        "look's read (bank.py:10, no lock held) are in no order",
        "look's read of Account.balance (bank.py:10, no lock held) and "
        "deposit's write (bank.py:8, holding Account.lock) are in no order",
    }


def test_time_is_no_synchronisation(tmp_path: Path) -> None:
    runs = recorded(tmp_path, """
        import threading, time
        page = {}
        def write():
            page["text"] = "hello"
        def main():
            t = threading.Thread(target=write, name="write")
            t.start()
            while len(threading.enumerate()) < 1: pass
            time.sleep(1)
            t2 = threading.Thread(target=page.get, args=("text",), name="read")
            t2.start()
            page["text"] += "!"
    """, seeds=3)  # fmt: skip
    places = {frozenset((r.first.line, r.second.line)) for r in merged(*map(data_races, runs))}
    assert frozenset((5, 13)) in places


def test_two_calls_that_only_add_to_a_container_are_no_race_but_looking_at_it_is(tmp_path: Path) -> None:
    source = """
        import threading
        log = []
        def add():
            log.append(1)
            {more}
        def main():
            threads = [threading.Thread(target=add, name=f"t{{n}}") for n in range(2)]
            for t in threads: t.start()
            for t in threads: t.join()
    """
    assert merged(*map(data_races, recorded(tmp_path, source.format(more="")))) == []
    found = merged(*map(data_races, recorded(tmp_path, source.format(more="len(log)"))))
    assert {frozenset((r.first.line, r.second.line)) for r in found} == {frozenset((5, 6))}


def test_what_else_happens_in_a_line_that_adds_is_a_race_as_ever(tmp_path: Path) -> None:
    found = recorded(tmp_path, """
        import threading
        log, sold = [], 0
        def add():
            global sold
            log.append(1); sold = 1
        def main():
            threads = [threading.Thread(target=add, name=f"t{n}") for n in range(2)]
            for t in threads: t.start()
            for t in threads: t.join()
    """)  # fmt: skip
    races = merged(*map(data_races, found))
    assert {(r.object, r.first.operation, r.second.operation) for r in races} == {("sold", "write", "write")}


def test_a_join_that_gave_up_orders_nothing(tmp_path: Path) -> None:
    runs = recorded(tmp_path, """
        import threading, time
        page = {}
        def write():
            time.sleep(1)
            page["text"] = "hello"
        def main():
            t = threading.Thread(target=write, name="write")
            t.start()
            t.join(0.5)
            page["text"] = "none"
            t.join()
    """, seeds=2)  # fmt: skip
    assert {frozenset((r.first.line, r.second.line)) for r in merged(*map(data_races, runs))} == {frozenset((6, 11))}


CORRECT = Path(__file__).parent / "programs" / "correct"
WITHOUT_LOCKS = {
    "compare_and_swap": {"Cell.value"},
    "dekker": {"Door.wish[0]", "Door.wish[1]", "Door.turn"},
    "long_computation": {"Sum.total"},
    "peterson": {"Lock.wants[0]", "Lock.wants[1]", "Lock.turn"},
    "seqlock": {"Point.version", "Point.x", "Point.y"},
    "slow_producer": {"box"},
    "spin_until_released": {"Shared.ready"},
    "ticket_lock": {"Board.serving"},
}
"""The correct programs that look at what others write without a lock in common, and at what."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # executors that are unwound
@pytest.mark.parametrize("path", sorted(CORRECT.glob("*.py")), ids=lambda path: path.stem)
def test_correct_programs_race_on_what_they_do_not_synchronise_and_on_nothing_else(path: Path) -> None:
    runner = Runner(load_program(path))
    runs = [runner.record(Chance(seed), 400) for seed in range(2)]
    found = {race.object for race in merged(*map(data_races, runs))}
    assert found <= WITHOUT_LOCKS.get(path.stem, set())


def test_a_passing_search_looks_at_several_schedules_because_one_need_not_show_a_race(tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent("""
        import threading
        data, lock = {"n": 0}, threading.Lock()
        def one():
            data["n"] = 1
            with lock: pass
        def two():
            with lock: pass
            data["n"] = 2
        def main():
            threads = [threading.Thread(target=f, name=f.__name__) for f in (one, two)]
            for t in threads: t.start()
            for t in threads: t.join()
    """), encoding="utf-8")  # fmt: skip
    found = explore(load_program(path), Options(budget=Budget(executions=20)))
    assert [(r.object, r.first.line, r.second.line) for r in found.races] == [("data['n']", 5, 9)]


PETERSON = """
    import threading
    class Peterson:
        def __init__(self):
            self.wants, self.turn = [False, False], 0
        def acquire(self, me):
            self.wants[me] = True
            self.turn = 1 - me
            while self.wants[1 - me] and self.turn == 1 - me:
                pass
        def release(self, me):
            self.wants[me] = False
    total = 0
    def work(lock, me):
        global total
        lock.acquire(me)
        total += 1
        lock.release(me)
    def main():
        lock = Peterson()
        threads = [threading.Thread(target=work, args=(lock, n), name=f"t{n}") for n in range(2)]
        for t in threads: t.start()
        for t in threads: t.join()
        assert total == 2
"""


def test_petersons_lock_is_racy_and_passes(tmp_path: Path) -> None:
    path = tmp_path / "peterson.py"
    path.write_text(textwrap.dedent(PETERSON), encoding="utf-8")
    found = explore(load_program(path), Options(strategy="random", budget=Budget(executions=300)))
    assert (found.outcome, found.failures) == (Outcome.PASSED, 0)
    assert {race.object for race in found.races} >= {"Peterson.turn"}
    assert all(race.sentence.endswith("are in no order") for race in found.races)


def test_a_failing_search_reports_the_races_of_its_smallest_failure(tmp_path: Path) -> None:
    path = tmp_path / "bank.py"
    path.write_text(textwrap.dedent("""
        import threading
        balance = 0
        def deposit():
            global balance
            balance += 1
        def main():
            threads = [threading.Thread(target=deposit, name=name) for name in ("ann", "bob")]
            for t in threads: t.start()
            for t in threads: t.join()
            assert balance == 2
    """), encoding="utf-8")  # fmt: skip
    found = explore(load_program(path), Options(strategy="random", budget=Budget(executions=300)))
    assert found.outcome is Outcome.VIOLATED
    assert {(r.object, r.first.operation, r.second.operation) for r in found.races} == {
        ("balance", "read", "write"), ("balance", "write", "write"),
    }  # fmt: skip
