"""Executions per second of the engine on one core, beside what two bare threads need to hand a baton over.

    python tests/bench/engine.py          (or `nox -s bench`)

Two tables: threads scheduled as the system does it of its own accord, and as a worker has them scheduled
(`hand_over_at_once`), bare threads likewise. `inside` is what bare threads need for as many hand-overs as an
execution has, `outside` the rest. Each row is the median of several rounds in one process, with the hand-over
measured before each round: these machines are shared, and only ratios within one run mean anything. What is
counted is the time that this process had the core, not what others took of it meanwhile.
"""

from __future__ import annotations

import os
import statistics
import sys
import threading
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness.execution import Runner
from harness.strategies import Profile, make
from harness.worker import hand_over_at_once
from harness.world.program import Program, digest

COUNTER = """
import threading
counter = 0
def work():
    global counter
    counter += 1
def main():
    threads = [threading.Thread(target=work, name=name) for name in ("a", "b")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return counter
"""

ABBA = """
import threading
A = threading.Lock()
B = threading.Lock()
def pay(first, second):
    with first:
        with second:
            pass
def main():
    threads = [threading.Thread(target=pay, args=pair, name=name) for name, pair in (("a", (A, B)), ("b", (B, A)))]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""

PHILOSOPHERS = """
import threading
N = 3
forks = [threading.Lock() for _ in range(N)]
def eat(seat):
    with forks[seat]:
        with forks[(seat + 1) % N]:
            pass
def main():
    threads = [threading.Thread(target=eat, args=(seat,), name=f"p{seat}") for seat in range(N)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""

BUFFER = """
import threading
class Buffer:
    def __init__(self, size):
        self.items, self.size, self.changed = [], size, threading.Condition()
    def put(self, item):
        with self.changed:
            while len(self.items) == self.size: self.changed.wait()
            self.items.append(item)
            self.changed.notify_all()
    def get(self):
        with self.changed:
            while not self.items: self.changed.wait()
            self.changed.notify_all()
            return self.items.pop(0)
def main():
    buffer, got = Buffer(1), []
    def put(): [buffer.put(n) for n in range(2)]
    def get(): [got.append(buffer.get()) for n in range(2)]
    producers = [threading.Thread(target=put, name=f"p{n}") for n in range(2)]
    consumers = [threading.Thread(target=get, name=f"c{n}") for n in range(2)]
    for thread in producers + consumers: thread.start()
    for thread in producers + consumers: thread.join()
    return sorted(got)
"""

PROGRAMS = {"counter, 2 threads": COUNTER, "ABBA, 2 threads": ABBA, "philosophers, 3": PHILOSOPHERS,
            "bounded buffer, 4": BUFFER}  # fmt: skip


COUNTED = 100
"""Executions, of which the steps and switches are counted and which are then carried out again and again."""


class Switches:
    """A strategy seen through: how often the thread changed."""

    every_step = True

    def __init__(self, strategy: Any) -> None:
        self._strategy = strategy
        self.count = 0

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        chosen = self._strategy.choose(enabled, running, step) if len(enabled) > 1 else enabled[0]
        self.count += chosen is not running
        return chosen


def handover(rounds: int = 4000) -> float:
    """Seconds for one hand-over between two bare threads, each waiting on a lock of its own."""
    ping, pong = threading.Lock(), threading.Lock()
    ping.acquire()
    pong.acquire()

    def other() -> None:
        for _ in range(rounds):
            ping.acquire()
            pong.release()

    thread = threading.Thread(target=other)
    thread.start()
    began = time.process_time()
    for _ in range(rounds):
        ping.release()
        pong.acquire()
    took = time.process_time() - began
    thread.join()
    return took / (2 * rounds)


def measure(source: str, rounds: int = 7, seconds: float = 0.3) -> tuple[float, float, float, float]:
    """(seconds per execution, steps, switches per execution, seconds per bare hand-over), medians over the rounds."""
    runner = Runner(Program(Path("/nowhere/bench.py"), "bench", source, digest(source)))
    strategy = make("random", 0, Profile())
    for index in range(200):
        strategy.begin(index)
        runner.run(strategy)
    switches, steps = 0, 0
    for index in range(COUNTED):
        strategy.begin(index)
        seen = Switches(strategy)
        steps += runner.run(seen).steps
        switches += seen.count
    costs, bare = [], []
    for _ in range(rounds):
        bare.append(handover())
        count, began = 0, time.process_time()
        while (took := time.process_time() - began) < seconds:
            strategy.begin(count % COUNTED)  # the same executions whose switches were counted
            runner.run(strategy)
            count += 1
        costs.append(took / count)
    return statistics.median(costs), steps / COUNTED, switches / COUNTED, statistics.median(bare)


def table() -> None:
    heads = ("exec/s", "us each", "steps", "switches", "hand-over us", "inside us", "outside us", "outside/inside")
    print(f"{'program':<20}", *(f"{head:>{max(8, len(head))}}" for head in heads))
    for name, source in PROGRAMS.items():
        cost, steps, switches, bare = measure(source)
        inside = switches * bare
        outside = cost - inside
        print(
            f"{name:<20} {1 / cost:8.0f} {1e6 * cost:8.0f} {steps:8.1f} {switches:8.1f} {bare * 1e6:12.1f}"
            f" {inside * 1e6:9.0f} {outside * 1e6:10.0f} {outside / inside:14.2f}"
        )


def main() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    print(f"Python {sys.version.split()[0]}, one core, strategy random")
    table()
    print("\nas in a worker")
    hand_over_at_once()
    table()


if __name__ == "__main__":
    main()
