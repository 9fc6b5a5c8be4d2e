"""The scheduler and the world's library, driven directly: no instrumentation, no judgement."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from harness.scheduler import Scheduler
from harness.strategies.turns import next_in_turn
from harness.unwinding import STUBBORN
from harness.world.library import Library

SECOND = 10**9


class Script:
    """Chooses by name, in the order given; afterwards the first enabled thread."""

    every_step = False

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.seen: list[list[str]] = []

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        self.seen.append([task.name for task in enabled])
        if self.names:
            wanted = self.names.pop(0)
            return next(task for task in enabled if task.name == wanted)
        return enabled[0]


class Turns:
    """Round robin."""

    every_step = False

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return next_in_turn(enabled, -1 if running is None else running.index)


@pytest.fixture
def lab() -> SimpleNamespace:
    crashes: list[tuple[str, str]] = []
    scheduler = Scheduler()
    library = Library(scheduler, lambda task, error: crashes.append((task.name, repr(error))))
    return SimpleNamespace(scheduler=scheduler, library=library, crashes=crashes)


def run(
    lab: SimpleNamespace, program: Callable[[Any], None], policy: Any = None, max_steps: int = 1000, **options: Any
):
    def body() -> None:
        modules = lab.library.begin()
        program(SimpleNamespace(**modules, futures=lab.library.futures))
        lab.library.at_exit()

    policy = policy or Turns()
    lab.scheduler.run(body, policy, Turns(), tail_from=max_steps, max_steps=max_steps, epoch=SECOND, **options)
    return lab.scheduler


def test_a_thread_that_wants_a_held_lock_is_not_enabled(lab: SimpleNamespace) -> None:
    log: list[str] = []

    def program(w: Any) -> None:
        lock = w.threading.Lock()

        def worker() -> None:
            with lock:
                log.append("worker")

        with lock:
            thread = w.threading.Thread(target=worker, name="worker")
            thread.start()
            lock_held = [w.time.monotonic() for _ in range(3)]
            w.time.sleep(0)
            w.time.sleep(0)
            log.append("main")
        thread.join()
        assert len(set(lock_held)) == 1

    script = Script("worker")
    scheduler = run(lab, program, script)
    assert (scheduler.ended, log) == ("", ["main", "worker"])
    assert script.seen == [["MainThread", "worker"]], "after its begin the worker is blocked: no more choices"


def test_the_clock_moves_only_when_nobody_is_enabled_and_to_the_earliest_deadline(lab: SimpleNamespace) -> None:
    log: list[tuple[str, float]] = []

    def program(w: Any) -> None:
        def worker(name: str, seconds: float) -> None:
            w.time.sleep(seconds)
            log.append((name, w.time.monotonic()))

        threads = [w.threading.Thread(target=worker, args=pair) for pair in (("b", 1800), ("a", 0.5), ("c", 1800))]
        for thread in threads:
            thread.start()
        for _ in range(20):
            w.time.sleep(0)
        log.append(("main", w.time.monotonic()))
        for thread in threads:
            thread.join()

    run(lab, program)
    assert log == [("main", 1.0), ("a", 1.5), ("b", 1801.0), ("c", 1801.0)]


def test_a_timed_wait_gives_up_at_its_deadline_and_a_granted_one_does_not(lab: SimpleNamespace) -> None:
    log: list[Any] = []

    def program(w: Any) -> None:
        event, lock = w.threading.Event(), w.threading.Lock()
        lock.acquire()
        log.append(lock.acquire(timeout=2))
        log.append(w.time.monotonic())
        timer = w.threading.Timer(3, event.set)
        timer.start()
        log.append(event.wait(10))
        log.append(w.time.monotonic())
        log.append(w.threading.Event().wait(0.25))
        log.append(w.time.monotonic())

    run(lab, program)
    assert log == [False, 3.0, True, 6.0, False, 6.25]


def test_an_execution_without_an_enabled_thread_is_stuck_and_its_threads_are_unwound(lab: SimpleNamespace) -> None:
    log: list[str] = []

    def program(w: Any) -> None:
        first, second = w.threading.Lock(), w.threading.Lock()

        def take(a: Any, b: Any, name: str) -> None:
            try:
                with a:
                    with b:
                        log.append(name)
            finally:
                log.append(f"{name} unwound")

        w.threading.Thread(target=take, args=(first, second, "ann"), name="ann").start()
        w.threading.Thread(target=take, args=(second, first, "bob"), name="bob").start()

    scheduler = run(lab, program, Script("MainThread", "ann", "bob", "ann", "bob"))
    assert scheduler.ended == "stuck"
    assert log == ["ann unwound", "bob unwound"]
    assert {index: op.kind for index, op in scheduler.stopped_at.items()} == {0: "exit", 1: "acquire", 2: "acquire"}
    assert lab.crashes == [], "what a program does while it is unwound is noise"


def test_a_loop_that_swallows_everything_is_left_and_loops_within_loops_are_parked(lab: SimpleNamespace) -> None:
    swallowed = 0

    def stubborn(w: Any) -> None:
        def worker() -> None:
            nonlocal swallowed
            while True:
                try:
                    w.time.sleep(1)
                except BaseException:
                    swallowed += 1

        w.threading.Thread(target=worker, name="worker", daemon=True).start()

    assert run(lab, stubborn).ended == ""
    assert (swallowed, lab.scheduler.abandoned) == (STUBBORN, 0)

    def hopeless(w: Any) -> None:
        def worker() -> None:
            while True:
                try:
                    while True:
                        try:
                            w.time.sleep(1)
                        except BaseException:
                            pass
                except BaseException:
                    pass

        w.threading.Thread(target=worker, name="worker", daemon=True).start()

    assert run(lab, hopeless).ended == ""
    assert lab.scheduler.abandoned == 1
    done: list[str] = []
    assert run(lab, lambda w: done.append("next")).ended == ""
    assert done == ["next"]


def test_carriers_are_used_again(lab: SimpleNamespace) -> None:
    idents: list[int] = []

    def program(w: Any) -> None:
        thread = w.threading.Thread(
            target=lambda: idents.append(next(iter(dict(lab.scheduler.blocked_frames()).values())))
        )
        thread.start()
        thread.join()

    for _ in range(3):
        run(lab, program)
    assert len(lab.scheduler.carriers._pool) == 1


def test_what_a_policy_raises_ends_the_execution_and_not_a_thread_of_the_program(lab: SimpleNamespace) -> None:
    caught: list[str] = []

    class Broken:
        every_step = False

        def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
            raise RuntimeError("no idea")

    def program(w: Any) -> None:
        try:
            w.threading.Thread(target=lambda: None).start()
            w.time.sleep(0)
        except Exception as error:
            caught.append(repr(error))

    with pytest.raises(RuntimeError, match="no idea"):
        run(lab, program, Broken())
    assert caught == []


@pytest.mark.parametrize("when", ["chosen", "arrived"])
def test_what_a_watcher_raises_does_so_too_even_while_a_thread_ends(lab: SimpleNamespace, when: str) -> None:
    """`worker` has no scheduling point of its own: who watches fails when it begins, or when it ends."""
    caught: list[str] = []
    watcher = SimpleNamespace(chosen=lambda *_: None, arrived=lambda _: None)

    def fails(task: Any, *_: Any) -> None:
        if task.name == "worker":
            raise AttributeError("no such slot")

    setattr(watcher, when, fails)

    def program(w: Any) -> None:
        thread = w.threading.Thread(target=lambda: None, name="worker")
        try:
            thread.start()
            thread.join()
        except Exception as error:
            caught.append(repr(error))

    with pytest.raises(AttributeError, match="no such slot"):
        run(lab, program, recorder=watcher)
    assert caught == []


def test_the_step_bound_ends_a_program_that_would_go_on(lab: SimpleNamespace) -> None:
    def program(w: Any) -> None:
        while True:
            w.time.sleep(1)

    scheduler = run(lab, program, max_steps=50)
    assert (scheduler.ended, scheduler.steps) == ("bound", 50)


def test_a_program_in_which_only_a_daemon_is_left_ends(lab: SimpleNamespace) -> None:
    def program(w: Any) -> None:
        w.threading.Thread(target=lambda: w.threading.Event().wait(), daemon=True).start()

    assert run(lab, program).ended == ""


def test_the_exit_hooks_of_an_executor_wake_its_idle_workers(lab: SimpleNamespace) -> None:
    log: list[Any] = []

    def program(w: Any) -> None:
        pool = w.futures()["concurrent.futures"].ThreadPoolExecutor(2)
        log.extend(pool.map(lambda x: x * x, range(4)))

    assert run(lab, program).ended == ""
    assert log == [0, 1, 4, 9]


def test_names_and_identities_are_the_same_in_every_execution(lab: SimpleNamespace) -> None:
    def names(w: Any) -> list[Any]:
        log: list[Any] = []

        def work() -> None:
            me = w.threading.current_thread()
            log.append((me.name, me.ident, w.threading.get_ident(), me.daemon))

        threads = [w.threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
            thread.join()
        log.append(sorted(thread.name for thread in w.threading.enumerate()))
        return log

    logs: list[list[Any]] = []
    for _ in range(2):
        run(lab, lambda w: logs.append(names(w)))
    assert (
        logs[0]
        == logs[1]
        == [
            ("Thread-1 (work)", 1001, 1001, False),
            ("Thread-2 (work)", 1002, 1002, False),
            ["MainThread"],
        ]
    )


def test_steps_carry_what_a_search_needs(lab: SimpleNamespace) -> None:
    def program(w: Any) -> None:
        lock = w.threading.Lock()

        def work() -> None:
            with lock:
                pass

        thread = w.threading.Thread(target=work, name="t")
        thread.start()
        thread.join()

    scheduler = run(lab, program, log_steps=True)
    lock = (1 << 32) + 1
    shown = [(s.task, s.operation.kind, s.released, s.started, s.enabled, s.finished) for s in scheduler.log or []]
    assert shown == [
        (0, "begin", (), (), (0,), False),
        (0, "start", (), (1,), (0,), False),
        (1, "begin", (), (), (1,), False),
        (1, "acquire", (lock,), (), (1,), True),
        (0, "join", (), (), (0,), False),
        (0, "exit", (), (), (0,), False),
    ]


def test_a_bypass_is_counted_from_the_moment_a_request_was_refused(lab: SimpleNamespace) -> None:
    def program(w: Any) -> None:
        lock = w.threading.Lock()

        def hog() -> None:
            for _ in range(4):
                with lock:
                    w.time.sleep(0)

        def patient() -> None:
            with lock:
                pass

        w.threading.Thread(target=hog, name="hog").start()
        w.threading.Thread(target=patient, name="patient").start()

    class HogFirst:
        """The patient one comes to the lock first, then the hog goes on wherever it can."""

        every_step = False

        def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
            def rank(task: Any) -> int:
                return {"MainThread": 0, "patient": 3 if task.steps else 1, "hog": 2}[task.name]

            return min(enabled, key=rank)

    assert run(lab, program, HogFirst()).bypasses.most == 3, "the first grant only makes it a refused request"
