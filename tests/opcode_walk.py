"""What plain Python can do: a program's threads, not rewritten, switched between any two instructions of their code.

Shares nothing with the lab: real threads, CPython's own trace function, the program as its author wrote it.
Instructions that only move a thread's own values about are no place to switch, for nobody can tell.
"""

from __future__ import annotations

import _thread
import dis
import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

PRIVATE = frozenset(
    """RESUME LOAD_FAST LOAD_FAST_LOAD_FAST LOAD_FAST_CHECK LOAD_FAST_AND_CLEAR STORE_FAST STORE_FAST_LOAD_FAST
    STORE_FAST_STORE_FAST LOAD_CONST LOAD_SMALL_INT PUSH_NULL POP_TOP COPY SWAP NOP CACHE PRECALL KW_NAMES
    COPY_FREE_VARS MAKE_CELL RETURN_VALUE RETURN_CONST JUMP_FORWARD JUMP_BACKWARD POP_JUMP_IF_NONE
    POP_JUMP_IF_NOT_NONE MAKE_FUNCTION BUILD_TUPLE BUILD_LIST BUILD_MAP BUILD_SLICE BUILD_CONST_KEY_MAP
    LOAD_CLOSURE END_FOR EXTENDED_ARG LOAD_BUILD_CLASS SET_FUNCTION_ATTRIBUTE POP_EXCEPT PUSH_EXC_INFO IS_OP
    RETURN_GENERATOR LIST_APPEND""".split()  # noqa: SIM905
)


class TooMany(Exception):
    """More executions than the caller is willing to wait for."""


class _Walk:
    """Choices made so far, depth first: the running thread first, the others while preemptions are left."""

    def __init__(self, preemptions: int) -> None:
        self._most = preemptions
        self._path: list[list[int]] = []
        self._depth = self._made = 0

    def begin(self) -> None:
        self._depth = self._made = 0

    def choose(self, ready: list[int], running: int | None) -> int:
        if running in ready:
            if self._made == self._most:
                return running  # type: ignore[return-value]
            ready = [running, *(index for index in ready if index != running)]  # type: ignore[list-item]
        if self._depth == len(self._path):
            self._path.append([0, len(ready)])
        chosen, many = self._path[self._depth]
        assert many == len(ready), "the program is not deterministic"
        self._depth += 1
        if running in ready and chosen:
            self._made += 1
        return ready[chosen]

    def next(self) -> bool:
        while self._path and self._path[-1][0] + 1 == self._path[-1][1]:
            self._path.pop()
        if self._path:
            self._path[-1][0] += 1
        return bool(self._path)


class _Threads:
    """The functions of one execution on real threads, one at a time."""

    def __init__(self, bodies: list[Callable[[], Any]], walk: _Walk) -> None:
        self._walk = walk
        self._batons = [_thread.allocate_lock() for _ in bodies]
        self._done = _thread.allocate_lock()
        self._ready = list(range(len(bodies)))
        self.crashed = False
        self.odd: AssertionError | None = None
        for baton in (*self._batons, self._done):
            baton.acquire()
        for index, body in enumerate(bodies):
            _thread.start_new_thread(self._run, (index, body))

    def run(self) -> None:
        self._batons[self._walk.choose(self._ready, None)].release()
        if not self._done.acquire(timeout=5):
            raise self.odd or TimeoutError("a thread waits for another one, which is not its turn")
        if self.odd is not None:
            raise self.odd

    def _choose(self, running: int | None) -> int:
        try:
            return self._walk.choose(self._ready, running)
        except AssertionError as error:  # not in a thread of the program's, which would take it for its own
            self.odd = error
            return running if running is not None else self._ready[0]

    def _run(self, index: int, body: Callable[[], Any]) -> None:
        self._batons[index].acquire()

        def trace(frame: FrameType, event: str, argument: Any) -> Any:
            if frame.f_code.co_filename != "program.py":
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = True, False
            if event == "opcode" and dis.opname[frame.f_code.co_code[frame.f_lasti]] not in PRIVATE:
                chosen = self._choose(index)
                if chosen != index:
                    self._batons[chosen].release()
                    self._batons[index].acquire()
            return trace

        sys.settrace(trace)
        try:
            body()
        except Exception:
            self.crashed = True
        finally:
            sys.settrace(None)
        self._ready.remove(index)
        (self._batons[self._choose(None)] if self._ready else self._done).release()


def reachable(source: str, preemptions: int = 3, limit: int = 20_000) -> set[tuple[bool, str]]:
    """(did a thread crash, repr of result()) of each execution of t0(), t1() … in `source` with so many preemptions."""
    code = compile(source, "program.py", "exec", dont_inherit=True)
    walk, found = _Walk(preemptions), set()
    for _ in range(limit):
        walk.begin()
        names: dict[str, Any] = {"__name__": "program"}
        exec(code, names)
        threads = _Threads([names[f"t{n}"] for n in range(9) if f"t{n}" in names], walk)
        threads.run()
        found.add((threads.crashed, repr(names["result"]())))
        if not walk.next():
            return found
    raise TooMany
