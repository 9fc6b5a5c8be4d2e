"""Correct programs whose only progress lies where a detector may forget to look: no loop is ever claimed of them.

Each was called a livelock once, or is a near relative of one that was. One thread goes on until its
`advance` says so; another one tries for its lock all the while, so that nothing else ever changes.
"""

from __future__ import annotations

import random
import textwrap
from pathlib import Path
from typing import Any

import pytest

from harness.execution import Runner
from harness.outcome import Outcome
from harness.world.program import load_program

REST = """
import threading

def main():
    lock, over = threading.Lock(), []

    def step():
        while not advance():
            with lock:
                pass
        over.append(1)

    def watch():
        while not over:
            if lock.acquire(blocking=False):
                lock.release()

    threads = [threading.Thread(name=f.__name__, target=f) for f in (step, watch)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "done"
"""

ADVANCES = {
    "a global with two underscores": """
        __tries = 0
        def advance():
            global __tries
            __tries += 1
            return __tries > 60
        """,
    "an attribute of a class that only its instance leads to": """
        def make():
            class Hidden:
                n = 0
                def step(self):
                    type(self).n += 1
                    return type(self).n > 60
            return Hidden()
        advance = make().step
        """,
    "an attribute of a metaclass": """
        def make():
            class Meta(type):
                n = 0
            class Hidden(metaclass=Meta):
                pass
            return Hidden
        hidden = make()
        def advance():
            type(hidden).n += 1
            return type(hidden).n > 60
        """,
    "a class attribute with underscores": """
        class Box:
            __count__ = 0
        def advance():
            Box.__count__ += 1
            return Box.__count__ > 60
        """,
    "a function's docstring": """
        def advance():
            advance.__doc__ = (advance.__doc__ or "") + "x"
            return len(advance.__doc__) > 60
        """,
    "a function's annotations": """
        def advance():
            notes = advance.__annotations__
            notes["n"] = notes.get("n", 0) + 1
            return notes["n"] > 60
        """,
    "the namespace of code in a string": """
        def make():
            names = {}
            exec("n = 0\\ndef step():\\n    global n\\n    n += 1\\n    return n > 60\\n", names)
            return names["step"]
        advance = make()
        """,
    "how often a cache was hit": """
        from functools import lru_cache
        @lru_cache
        def find(x):
            return x
        def advance():
            find(1)
            return find.cache_info().hits > 60
        """,
    "what a cache keeps": """
        from functools import lru_cache
        @lru_cache
        def box():
            return []
        def advance():
            box().append(1)
            return len(box()) > 60
        """,
    "the length of a traceback": """
        import traceback
        error = ValueError()
        def advance():
            try:
                raise error
            except ValueError as found:
                return len(list(traceback.walk_tb(found.__traceback__))) > 60
        """,
    "the variables of a frame that has ended": """
        def fail():
            hidden = []
            raise ValueError
        try:
            fail()
        except ValueError as found:
            error = found
        def advance():
            inner = error.__traceback__
            while inner.tb_next:
                inner = inner.tb_next
            hidden = inner.tb_frame.f_locals["hidden"]
            hidden.append(1)
            return len(hidden) > 60
        """,
    "which of the empty ranges it is": """
        box = [range(0, 0)]
        def advance():
            box[0] = range(0, box[0].stop - 1)
            return box[0].stop < -60
        """,
    "the signs of zeros": """
        import math
        bits = [0.0] * 6
        def advance():
            for at, bit in enumerate(bits):
                bits[at] = -bit
                if math.copysign(1, bit) > 0:
                    return False
            return True
        """,
    "where a set goes on popping": """
        numbers = set(range(60))
        def advance():
            numbers.add(found := numbers.pop())
            return found == 59
        """,
    "an attribute of a property": """
        class Counting(property):
            n = 0
            def __get__(self, obj, cls=None):
                self.n += 1
                return self.n
        class Box:
            x = Counting(lambda self: 1)
        box = Box()
        def advance():
            return box.x > 60
        """,
    "an attribute of a map": """
        class Counting(map):
            n = 0
        box = Counting(abs, [])
        def advance():
            box.n += 1
            return box.n > 60
        """,
    "an attribute of a time zone": """
        import datetime
        class Zone(datetime.tzinfo):
            n = 0
        box = Zone()
        def advance():
            box.n += 1
            return box.n > 60
        """,
    "an attribute of a standard module": """
        import json
        json.tries = 0
        def advance():
            json.tries += 1
            return json.tries > 60
        """,
    "an attribute of a standard class": """
        import argparse
        argparse.Namespace.tries = 0
        def advance():
            argparse.Namespace.tries += 1
            return argparse.Namespace.tries > 60
        """,
    "what was read from a pipe": """
        import os
        end, other = os.pipe()
        os.write(other, b"x" * 60 + b"y")
        def advance():
            return os.read(end, 1) == b"y"
        """,
    "a limit of the interpreter's": """
        import sys
        sys.setrecursionlimit(1000)
        def advance():
            sys.setrecursionlimit(sys.getrecursionlimit() + 1)
            return sys.getrecursionlimit() > 1060
        """,
    "the context of decimal numbers": """
        import decimal
        decimal.getcontext().prec = 5
        def advance():
            decimal.getcontext().prec += 1
            return decimal.getcontext().prec > 65
        """,
    "the number of the next thread": """
        import threading
        def advance():
            return threading.Thread().name == "Thread-60"
        """,
    "a variable that is read from locals()": """
        box = [0]
        def advance():
            n = box[0]
            snapshot = locals()
            box[0] = n + 1
            return snapshot["n"] > 60
        """,
    "code that stands for a number": """
        box = [compile("0", "", "eval")]
        def advance():
            box[0] = compile(str(eval(box[0]) + 1), "", "eval")
            return eval(box[0]) > 60
        """,
    "the text of a pattern": """
        import re
        box = [re.compile("")]
        def advance():
            box[0] = re.compile(box[0].pattern + "x")
            return len(box[0].pattern) > 60
        """,
}


class Randomly:
    """Any enabled thread."""

    every_step = False

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        return self._random.choice(enabled)


@pytest.mark.parametrize("advance", ADVANCES.values(), ids=ADVANCES)
def test_progress_is_seen_wherever_it_hides(advance: str, tmp_path: Path) -> None:
    path = tmp_path / "program.py"
    path.write_text(textwrap.dedent(advance) + REST)
    execution = Runner(load_program(path)).run(Randomly(0), tail_from=5)
    assert (execution.outcome, execution.message, execution.result) == (Outcome.PASSED, "", "'done'")
