"""Mean number of executions to the first failure, by strategy, on programs of the literature.

    python tests/bench/schedules.py [seeds]          (or `nox -s bench`)

Own Python versions of programs of SCTBench and of the papers of PCT, POS and SURW: reorder with n - 1
setters and one checker, two-stage, wrong lock, stringbuffer, the bluetooth driver, account, a work
stealing queue, dining philosophers. A `>` means that some seeds had found nothing after LIMIT
executions, which count as LIMIT.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from harness.budget import Budget
from harness.execution import Runner
from harness.laboratory import Here, Order
from harness.search import Search
from harness.world.program import Program, digest

LIMIT = 2_000
STRATEGIES = ("random", "pct", "pos", "surw", "portfolio")

MAIN = """
def main():
    threads = [threading.Thread(target=f, name=f"{f.__name__} {n}") for n, f in enumerate(WORKERS)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""

REORDER = """
import threading
a = b = 0
def setter():
    global a, b
    a = 1
    b = -1
def checker():
    x = a
    y = b
    assert (x, y) in ((0, 0), (1, -1))
WORKERS = [setter] * (%d) + [checker]
"""

TWO_STAGE = """
import threading
first = second = 0
L, M = threading.Lock(), threading.Lock()
def stages():
    global first, second
    with L: first = 1
    with M: second = first + 1
def reader():
    with L:
        if first == 0: return
        x = first
    with M: y = second
    assert y == x + 1
WORKERS = [stages, reader]
"""

WRONG_LOCK = """
import threading
value = 0
L, M = threading.Lock(), threading.Lock()
def one():
    global value
    with L:
        x = value
        value += 1
        assert value == x + 1
def other():
    global value
    with M: value += 1
WORKERS = [one] + [other] * 3
"""

STRINGBUFFER = """
import threading
class Buffer:
    def __init__(self, text): self.text, self.lock = list(text), threading.Lock()
    def length(self):
        with self.lock: return len(self.text)
    def chars(self, end):
        with self.lock:
            assert end <= len(self.text), "the text has shrunk"
            return self.text[:end]
    def erase(self):
        with self.lock: del self.text[:]
    def append(self, other):
        with self.lock:
            size = other.length()
            self.text.extend(other.chars(size))
one, two = Buffer("abc"), Buffer("abc")
def append(): one.append(two)
def erase(): two.erase()
WORKERS = [append, erase]
"""

BLUETOOTH = """
import threading
pending, stopping, event, stopped = 1, False, False, False
L = threading.Lock()
def increment():
    global pending
    if stopping: return False
    with L: pending += 1
    return True
def decrement():
    global pending, event
    with L:
        pending -= 1
        left = pending
    if left == 0: event = True
def add():
    if increment():
        assert not stopped, "used after the driver stopped"
    decrement()
def stop():
    global stopping, stopped
    stopping = True
    decrement()
    if event: stopped = True
WORKERS = [add, stop]
"""

ACCOUNT = """
import threading
balance, deposited, withdrawn = 10, False, False
L = threading.Lock()
def deposit():
    global balance, deposited
    with L:
        balance += 5
        deposited = True
def withdraw():
    global balance, withdrawn
    with L:
        balance -= 3
        withdrawn = True
def check():
    with L:
        if deposited and withdrawn: assert balance == 10 - 5 - 3
WORKERS = [check, deposit, withdraw]
"""

STEALING = """
import threading
items, head, tail, taken = [0, 1, 2], 0, 3, []
L = threading.Lock()
def owner():
    global tail
    for _ in range(3):
        tail -= 1
        if head <= tail: taken.append(items[tail])
        else:
            tail += 1
            with L:
                if head < tail:
                    tail -= 1
                    taken.append(items[tail])
            return
def thief():
    global head
    for _ in range(2):
        with L:
            at = head
            if at < tail:  # looks before it claims: the owner can take the same one meanwhile
                head = at + 1
                taken.append(items[at])
WORKERS = [owner, thief]
"""

STEALING_MAIN = MAIN + "    assert len(taken) == len(set(taken)), taken\n"

PHILOSOPHERS = """
import threading
N = %d
forks = [threading.Lock() for _ in range(N)]
def eat(seat):
    with forks[seat]:
        with forks[(seat + 1) %% N]: pass
def main():
    threads = [threading.Thread(target=eat, args=(seat,), name=f"p{seat}") for seat in range(N)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
"""

PROGRAMS = {
    "reorder_3": REORDER % 2 + MAIN,
    "reorder_5": REORDER % 4 + MAIN,
    "reorder_10": REORDER % 9 + MAIN,
    "two-stage": TWO_STAGE + MAIN,
    "wrong lock 1+3": WRONG_LOCK + MAIN,
    "stringbuffer": STRINGBUFFER + MAIN,
    "bluetooth": BLUETOOTH + MAIN,
    "account": ACCOUNT + MAIN,
    "work stealing": STEALING + STEALING_MAIN,
    "philosophers 3": PHILOSOPHERS % 3,
    "philosophers 5": PHILOSOPHERS % 5,
}


def first_failures(source: str, strategy: str, seeds: int) -> list[int | None]:
    """For each seed the number of the first failing execution, or None after LIMIT."""
    program = Program(Path("/nowhere/bench.py"), "bench", source, digest(source))
    runner = Runner(program)
    found: list[int | None] = []
    for seed in range(seeds):
        order = Order(program, strategy, seed, Budget(executions=LIMIT), None, None, False, False, ())
        found.append(Search(order, Here(order, runner)).find().first_failure)
    return found


def shown(found: list[int | None]) -> str:
    mean = sum(LIMIT if number is None else number for number in found) / len(found)
    return f"{'>' if None in found else ''}{mean:.1f}"


def main() -> None:
    seeds = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    print(f"Python {sys.version.split()[0]}: mean executions to the first failure, {seeds} seeds")
    print(f"{'program':<16}" + "".join(f"{name:>11}" for name in STRATEGIES))
    began, executions = time.perf_counter(), Counter[str]()
    for name, source in PROGRAMS.items():
        row = []
        for strategy in STRATEGIES:
            found = first_failures(source, strategy, seeds)
            executions[strategy] += sum(number or LIMIT for number in found)
            row.append(shown(found))
        print(f"{name:<16}" + "".join(f"{cell:>11}" for cell in row), flush=True)
    print(f"{sum(executions.values()):,} executions in {time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
