"""Abstract programs as real ones: the same instructions in Python."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from harness.trace import WHOLE
from tests.model import Instruction, Program

HEAD = """
import threading, time
x = y = 0
l = [0, 0]
L1, L2 = threading.Lock(), threading.Lock()
C1 = threading.Condition(L1)
s = threading.Semaphore({permits})
e = threading.Event()
"""

TAIL = """
def main():
    threads = [threading.Thread(target=f, name=f.__name__) for f in ({names},)]
    for t in threads: t.start()
    for t in threads: t.join()
"""


INSIDE = {"c1": "C1"}
OUTSIDE = {**INSIDE, "take": "permit", "await": "pass"}


def strict(program: Program, outside: bool = True) -> Program:
    """The program as the engine has it: who was woken is enabled only once the condition's lock is free.

    `outside`: who wants a permit or an event waits before the operation begins.
    """
    names = OUTSIDE if outside else INSIDE
    bodies = tuple(tuple(tuple(names.get(part, part) for part in step) for step in b) for b in program.bodies)
    return Program(bodies, program.values, program.daemons)


def source(program: Program) -> str:
    """A program whose main only starts and joins."""
    text = HEAD.replace("{permits}", str(program.values.get("s", 0)))
    names = [f"t{n}" for n in range(1, len(program.bodies))]
    for name, body in zip(names, program.bodies[1:], strict=True):
        text += f"def {name}():\n    global x, y\n    a = b = t = None\n" + "".join(_lines(body))
    return text + TAIL.replace("{names}", ", ".join(names))


def _lines(body: tuple[Instruction, ...]) -> Iterator[str]:
    indent = "    "
    for instruction in body:
        if instruction[0] == "skip":
            _, local, value, count = instruction
            assert count == 1
            yield f"{indent}if {local} != {value}:\n"
            indent += "    "
        else:
            yield f"{indent}{_statement(*instruction)}\n"
            indent = "    "
    if indent != "    ":
        yield f"{indent}pass\n"


def _statement(kind: str, *rest: Any) -> str:
    match kind, *rest:
        case "read", name, key, local:
            return f"{local} = {_place(name, key)}"
        case "write", name, key, (local, more):
            return f"{_place(name, key)} = ({local} or 0) + {more}"
        case "write", name, key, value:
            return f"{_place(name, key)} = {value}"
        case "acquire" | "release" as kind, lock:
            return f"{lock}.{kind}()"
        case "try", lock, local:
            return f"{local} = int({lock}.acquire(False))"
        case "timed", lock, seconds, local:
            return f"{local} = int({lock}.acquire(timeout={seconds}))"
        case "locked", lock, local:
            return f"{local} = int({lock}.locked())"
        case "sleep", _, seconds:
            return f"time.sleep({seconds})"
        case "wait", condition:
            return f"{condition}.wait()"
        case "notify", condition, count:
            return f"{condition}.notify({count})"
        case "take" | "give", semaphore:
            return f"{semaphore}.{'acquire' if kind == 'take' else 'release'}()"
        case "await", event:
            return f"{event}.wait()"
        case "set" | "clear", event:
            return f"{event}.{kind}()"
        case "is_set", event, local:
            return f"{local} = int({event}.is_set())"
    raise ValueError(kind)


def _place(name: str, key: Any) -> str:
    if key is WHOLE:
        return name if name != "l" else "l[:]"
    return f"{name}[{key}]"
