"""Whether a run that takes long is getting on: told from how the program's data change while it runs.

No look at a program from outside can tell for certain whether it will end. But one that spins goes round in the same
few states, as a livelock does by definition, and one that works leaves some states behind for ever: a counter grows, a
list gets longer, a queue shorter. So the values that can be reached from the program's globals, its threads' arguments
and local variables are written down some twenty times; a place whose value has changed and never gone back to an
earlier one is progress. Two switches that go on and off go back within so many looks. A spinning thread that counts its
rounds looks like one that works, which errs on the right side: of a run that may be getting on nobody says it hangs.

Without the GIL nobody may look at the variables of a function that runs. There a thread spins if it can be seen to go
round, or if its functions keep nothing in variables of their own.

What a thread sees of the clock, of files and of chance is not among these values: one whose functions, or those of the
library that it is in, ask for such things may be waiting for them, and does not spin.

Nothing of the program's own is called for it: only plain values and the lengths of built-in containers are read.
"""

from __future__ import annotations

import dis
import os
import sys
import threading
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from itertools import groupby, islice
from types import CodeType, FrameType, FunctionType, GeneratorType, MemberDescriptorType, MethodType, ModuleType
from typing import Any

from harness.children.job import Home

Values = dict[str, Any]

_raw_module = type.__dict__["__module__"].__get__

_PLAIN = (int, float, str, bytes, bool, type(None))
_SIZED = (list, tuple, dict, set, frozenset, deque, bytearray)
WITH_GIL = getattr(sys, "_is_gil_enabled", lambda: True)()
_LISTED = (list, tuple, deque, *((array, bytearray) if WITH_GIL else ()))  # some may move in memory while they are read
_OUTSIDE = frozenset(
    """monotonic monotonic_ns perf_counter perf_counter_ns process_time time time_ns now utcnow today
    exists isfile isdir is_file is_dir stat listdir scandir iterdir glob getsize getmtime open read recv poll select
    random randint randrange choice uniform""".split()  # noqa: SIM905
)
"""What gives another answer the next time, though none of the program's values has changed."""
_HARNESS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "")
STAY = 3  # looks
_DEEP, _WIDE, _MANY = 5, 20, 3000  # steps from a root, parts of one container, places in all


def values(home: Home) -> Values:
    """The plain values that can be reached now, each by the way to it."""
    found: Values = {}
    seen: set[int] = set()
    waiting = deque((path, value, _DEEP) for path, value in _roots(home))
    while waiting and len(found) + len(seen) < _MANY:
        path, value, left = waiting.popleft()
        if type(value) in _PLAIN:
            found[path] = value
        elif left and id(value) not in seen:
            seen.add(id(value))
            if type(value) in _SIZED:
                found[path] = len(value)
            waiting.extend((f"{path}.{name}", part, left - 1) for name, part in _parts(value, home))
    return found


def gets_on(samples: list[Values]) -> bool:
    """Whether some value has changed in the course of the samples and never gone back."""
    return any(map(_goes_forward, _courses(samples)))


def is_told(home: Home, samples: list[Values], moved: set[int]) -> bool:
    """Whether all that the threads that have moved could get on with has been looked at, or something goes round."""
    running = list(_running(home, moved))
    if any(_asks_outside(list(dis.get_instructions(code))) for code in running):
        return False
    own = (list(dis.get_instructions(code)) for code in running if code.co_filename in home)
    return WITH_GIL or any(map(_goes_round, _courses(samples))) or not any(map(_keeps_state, own))


def _courses(samples: list[Values]) -> Iterator[list[Any]]:
    """The values at each place that was there several times, in the order of the looks.

    Not each time: the variables of a function that is called again and again are there while it runs.
    """
    for path in {path for sample in samples for path in sample}:
        course = [sample[path] for sample in samples if path in sample]
        if len(course) > min(STAY, len(samples) // 2):
            yield course


def _goes_round(course: list[Any]) -> bool:
    stays = [value for value, _ in groupby(course)]
    return len(stays) > len(set(stays))


def _running(home: Home, moved: set[int]) -> Iterator[CodeType]:
    """The program's functions that these threads are in, and the library's that these have called."""
    for ident, innermost in sys._current_frames().items():
        codes = [frame.f_code for frame in _outwards(innermost)] if ident in moved else []
        while codes and codes[-1].co_filename not in home:
            codes.pop()
        yield from (code for code in codes if not code.co_filename.startswith(_HARNESS))


def _keeps_state(function: list[dis.Instruction]) -> bool:
    """Whether it sets variables of its own, or walks through something."""
    return any(step.opname.startswith(("STORE_FAST", "STORE_DEREF", "FOR_ITER")) for step in function)


def _asks_outside(function: list[dis.Instruction]) -> bool:
    """Whether it may call something of `_OUTSIDE`. The name `time` alone is the module's."""
    return any(
        step.argval in _OUTSIDE and (step.opname.startswith(("LOAD_ATTR", "LOAD_METHOD")) or step.argval != "time")
        for step in function
        if step.opname.startswith(("LOAD_ATTR", "LOAD_METHOD", "LOAD_GLOBAL", "LOAD_NAME"))
    )


def _goes_forward(course: list[Any]) -> bool:
    """Three values, or two of which neither shows at the edge only: that may be a switch that is seldom off."""
    stays = [(value, len(list(looks))) for value, looks in groupby(course)]
    forward = len({value for value, _ in stays}) == len(stays) > 1
    return forward and (len(stays) > 2 or min(looks for _, looks in stays) >= STAY)


def _roots(home: Home) -> Iterator[tuple[str, Any]]:
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", None)) in home:
            yield from ((f"{name}:{key}", value) for key, value in list(vars(module).items()) if key[:2] != "__")
    for ident, thread in list(threading._active.items()):  # type: ignore[attr-defined]
        yield f"thread {ident}", thread
    # Without the GIL the variables of a running function must not be looked at from another thread.
    frames = sys._current_frames() if WITH_GIL else {}
    for ident, innermost in frames.items():
        own = [frame for frame in _outwards(innermost) if frame.f_code.co_filename in home]
        for depth, frame in enumerate(reversed(own)):
            way = f"{ident}/{depth} {frame.f_code.co_name}"
            yield from ((f"{way}:{key}", value) for key, value in list(frame.f_locals.items()))


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _parts(value: Any, home: Home) -> Iterator[tuple[str, Any]]:
    try:
        if type(value) is dict:
            yield from ((str(key), part) for key, part in islice(value.items(), _WIDE) if type(key) in _PLAIN)
        elif type(value) in _LISTED:
            yield from ((str(number), part) for number, part in enumerate(islice(value, _WIDE)))
        elif type(value) is MethodType:
            yield "self", value.__self__
        elif type(value) is FunctionType and value.__code__.co_filename in home:
            yield from ((str(number), cell.cell_contents) for number, cell in enumerate(value.__closure__ or ()))
        elif type(value) is GeneratorType:
            if WITH_GIL and value.gi_frame is not None and value.gi_code.co_filename in home:
                yield from list(value.gi_frame.f_locals.items())
        elif not issubclass(type(value), (type, ModuleType, FunctionType)):  # isinstance() asks the object, too
            yield from _slots(value, home)
            attributes = object.__getattribute__(value, "__dict__")
            if type(attributes) is dict:
                yield from _attributes(_module_of(type(value)), attributes, home)
    except (AttributeError, RuntimeError, ValueError):  # it has none, or changes under our eyes
        return


def _slots(value: Any, home: Home) -> Iterator[tuple[str, Any]]:
    for cls in type(value).__mro__:
        if str(getattr(sys.modules.get(_module_of(cls)), "__file__", None)) in home:
            for name, member in list(vars(cls).items()):
                if type(member) is MemberDescriptorType:
                    with suppress(AttributeError):  # it is not set
                        yield name, member.__get__(value)


def _module_of(cls: type) -> str:
    """Without the property that a metaclass may have for it."""
    found = _raw_module(cls)
    return found if type(found) is str else ""


def _attributes(module: str, attributes: dict[Any, Any], home: Home) -> Iterator[tuple[str, Any]]:
    """Of an object of the library's only what it contains: what it counts (`Queue.unfinished_tasks`) is its own."""
    own = str(getattr(sys.modules.get(module), "__file__", None)) in home
    for key, part in islice(attributes.items(), 2 * _WIDE):
        if own or (type(part) in _SIZED and not module.startswith("harness")):
            yield str(key), part
