"""Runs rewritten code next to plain code, and writes down what it touches."""

from __future__ import annotations

import builtins
import contextlib
import io
import re
import textwrap
import types
from collections import deque
from types import CodeType
from typing import Any

from harness.trace import WHOLE
from harness.world.access import hooks
from harness.world.instrument import Site, instrument


class Recorder:
    """Runs rewritten code and writes down what it touches, readably."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.sites: list[Site] = []
        self.on = False
        self.interfere: Any = None
        names = {**vars(builtins), **hooks(self.access, self.together)}
        self.namespace: dict[str, Any] = {"__builtins__": names, "__name__": "program"}

    def access(self, kind: str, obj: Any, key: Any, site: int) -> None:
        if self.on:
            self.log.append(self.text(kind, obj, key))
            if self.interfere is not None:
                self.interfere()

    def together(self, touches: list[tuple[str, Any, Any]], site: int) -> None:
        if self.on:
            self.log.append(" + ".join(self.text(*touch) for touch in touches))

    def text(self, kind: str, obj: Any, key: Any) -> str:
        if obj is self.namespace:
            name = "globals"
        elif isinstance(obj, types.CellType):
            return f"{kind} cell"
        else:
            name = f"class {obj.__name__}" if isinstance(obj, type) else type(obj).__name__
        if isinstance(obj, list | dict | set | deque | bytearray) and obj is not self.namespace or key is WHOLE:
            return f"{kind} {name}[{'*' if key is WHOLE else repr(key)}]"
        return f"{kind} {name}.{key}"

    def execute(self, source: str) -> None:
        exec(instrument(textwrap.dedent(source), "program.py", self.sites), self.namespace)


def accesses(body: str, setup: str = "", **given: Any) -> list[str]:
    """The log of `body` as the body of a function whose parameters are `given`."""
    recorder = Recorder()
    body = textwrap.indent(textwrap.dedent(body), "    ")
    recorder.execute(f"{textwrap.dedent(setup)}\ndef run({', '.join(given)}):\n{body}")
    recorder.on = True
    recorder.namespace["run"](**given)
    return recorder.log


def ignore(*_: object) -> None:
    """An `access` that does nothing."""


QUIET_BUILTINS = {**vars(builtins), **hooks(ignore)}


def outcome(code: CodeType, names: dict[str, Any]) -> dict[str, Any]:
    """What running a program shows: its output, its variable `result`, and how it failed, where."""
    namespace: dict[str, Any] = {"__builtins__": names, "__name__": "program", "__annotations__": {}}
    output = io.StringIO()
    error: list[Any] = []
    with contextlib.redirect_stdout(output):
        try:
            exec(code, namespace)
        except BaseException as caught:
            error = [type(caught), _steady(str(caught)), frames(caught, code.co_filename)]
    result = _steady(repr(namespace.get("result")))
    return {"result": result, "output": _steady(output.getvalue()), "error": error, "names": list(namespace)}


def _steady(text: str) -> str:
    """Without addresses."""
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def frames(error: BaseException, filename: str) -> list[tuple[str, int]]:
    """Function and line of the traceback's frames in one file."""
    found, traceback = [], error.__traceback__
    while traceback is not None:
        if traceback.tb_frame.f_code.co_filename == filename:
            found.append((traceback.tb_frame.f_code.co_name, traceback.tb_lineno))
        traceback = traceback.tb_next
    return found


def both_ways(source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The outcome of a program as it is, and rewritten."""
    source = textwrap.dedent(source)
    plain = compile(source, "program.py", "exec", dont_inherit=True)
    return outcome(plain, vars(builtins)), outcome(instrument(source, "program.py", []), QUIET_BUILTINS)
