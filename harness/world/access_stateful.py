"""Functions of the library that keep something of their own: stacks of callbacks, registries, loggers, streams.

The modules they are in are otherwise taken to touch nothing, or only to read what they are given.
"""

from __future__ import annotations

import contextlib
import sys
import types
from typing import Any

from harness.trace import WHOLE
from harness.world.access_effects import UNSEEN, look_around, nothing, write_everything
from harness.world.access_outside import OUTSIDE
from harness.world.access_reach import CALLS, REPLACED, Effect, Touch, contents, reachable, stepping
from harness.world.access_types import facts_of, is_a


class Logging:
    """Levels, handlers and filters of all loggers; there is one."""

    __slots__ = ("__weakref__",)


LOGGING = Logging()
_EMITTING = frozenset(
    """debug info warning warn error exception critical fatal log handle isEnabledFor getEffectiveLevel hasHandlers
    getLogger getChild getLevelName makeRecord findCaller callHandlers format formatTime formatException getMessage
    usesTime emit flush acquire release createLock handleError getHandlerByName getHandlerNames process""".split()  # noqa: SIM905
)


def logged(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A message: who gets it depends on levels and handlers, and what is in it is looked at."""
    logger = receiver.__globals__.get("root") if is_a(receiver, types.FunctionType) else receiver
    return [("read", LOGGING, WHOLE), *_streams(logger), *look_around(receiver, arguments)]


def _streams(logger: Any) -> list[Touch]:
    """What the handlers of a logger, and of those above it, write to, beside what is shown anyway."""
    touches: list[Touch] = []
    while logger is not None:
        for handler in getattr(logger, "handlers", ()):
            parts = list(getattr(handler, "__dict__", {}).values())
            streams = [p for p in parts if facts_of(type(p)).sort == "iterator" and p not in (sys.stdout, sys.stderr)]
            touches += [touch for stream in streams for touch in stepping(stream)]
        logger = getattr(logger, "parent", None) if getattr(logger, "propagate", False) else None
    return touches


def configured(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A level, a handler or a filter changes."""
    own = [] if is_a(receiver, types.FunctionType, types.BuiltinFunctionType) else [("write", receiver, WHOLE)]
    return [("write", LOGGING, WHOLE), *own]


def managing(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A method of contextlib's classes."""
    if is_a(receiver, contextlib.ExitStack, contextlib.AsyncExitStack):
        return [("write", receiver, WHOLE)]
    if is_a(receiver, contextlib._RedirectStream):
        return [REPLACED]
    if is_a(receiver, contextlib.chdir):
        return [("write", OUTSIDE, WHOLE)]
    if is_a(receiver, contextlib.closing):
        return [touch for touch in reachable((receiver.thing,)) if touch[0] == "write"]
    inside = getattr(receiver, "gen", None)
    return [("write", inside, WHOLE)] if is_a(inside, types.GeneratorType) else []


def leaving(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """An ExitStack calls what is on it, which may put more on it."""
    stack = is_a(receiver, contextlib.ExitStack, contextlib.AsyncExitStack)
    return [*managing(receiver, arguments), *([CALLS] if stack else [])]


def scheduling(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A method of sched.scheduler."""
    return [("write", receiver, WHOLE)]


def running(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """Its `run` calls the program."""
    return [("write", receiver, WHOLE), CALLS]


def registering(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """Who is asked meanwhile is not told of it."""
    return []


def mocking(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """unittest.mock sets attributes of whatever it is told to."""
    return write_everything(receiver, arguments)


UNSEEN[registering] = "who asks meanwhile does not see what is registered"
UNSEEN[mocking] = "what unittest replaces meanwhile is not seen"


def _dispatching(function: Any) -> Effect | None:
    """functools.singledispatch keeps the implementations in a dictionary of its own."""
    registry = vars(function).get("registry")
    if type(registry) is types.MappingProxyType:
        return lambda receiver, arguments: [("read", contents(registry), WHOLE)]
    if function.__code__.co_qualname == "singledispatchmethod.register":
        return registering
    if function.__code__.co_qualname != "singledispatch.<locals>.register":
        return None
    cells = dict(zip(function.__code__.co_freevars, function.__closure__, strict=True))
    return lambda receiver, arguments: [("write", cells["registry"].cell_contents, WHOLE)]


def stateful(function: Any, root: str, method: bool) -> Effect | None:
    """What a function of the standard library that is written in Python changes; None where it is none of these."""
    if root == "functools":
        return _dispatching(function)
    name = function.__name__
    if root == "contextlib" and method:
        if name == "__exit__" and not function.__qualname__.startswith(("_Redirect", "chdir", "closing")):
            return nothing  # to stand in between would show in tracebacks: entering says it all
        return leaving if name in ("close", "__enter__") else managing
    if root == "sched" and method:
        return running if name == "run" else scheduling
    if root == "logging":
        return logged if name in _EMITTING else configured
    if root == "abc":
        return registering if name == "register" else None
    return mocking if root == "unittest" else None
