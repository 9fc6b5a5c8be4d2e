"""Nothing of an execution outlives it: the lab remembers places in the source, not objects."""

from __future__ import annotations

import gc
from pathlib import Path

from harness.execution import Runner
from harness.strategies import Profile, make
from harness.world.program import Program, digest

ACCOUNT = """
import threading
class Account:
    def __init__(self):
        self.balance = 0
        self.changed = threading.Condition()
    def deposit(self):
        self.balance += 1
def main():
    account = Account()
    threads = [threading.Thread(target=account.deposit, name=name) for name in ("a", "b")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return account.balance
"""


def test_the_classes_of_a_program_end_with_their_execution(tmp_path: Path) -> None:
    runner = Runner(Program(tmp_path / "lifetimes.py", "lifetimes", ACCOUNT, digest(ACCOUNT)))
    strategy = make("random", 0, Profile())
    counts = []
    for _ in range(3):
        for index in range(20):
            strategy.begin(index)
            runner.run(strategy)
        gc.collect()
        classes = (obj for obj in gc.get_objects() if issubclass(type(obj), type))
        modules = [type.__getattribute__(cls, "__module__") for cls in classes]  # other tests' may let nobody ask
        counts.append(modules.count("lifetimes"))
    assert counts == [1, 1, 1], "the last execution's, until the next one begins"
