"""Operand stacks and variables: what a suspended frame holds.

A `for` loop keeps its iterator on the operand stack of its frame, where Python code cannot see it; a
state without it is not complete. CPython offers no way in, so the slots are read from memory, in the
layout of Include/internal/pycore_frame.h (3.11, 3.12, 3.13; `_PyInterpreterFrame`). Each read is
guarded: the frame must show its own code object in the place where the layout says so. On other
versions `operands` answers None, and a frame that may hide an iterator is then opaque.

How many slots are in use: the frame says so itself while it waits for a Python function that the
interpreter called without leaving its loop, and while it is a suspended generator (`stacktop`). While
it waits in C code it does not; then the depth follows from its bytecode as the compiler computed it
(`dis.stack_effect`), less what the instruction under way has taken for itself.
"""

from __future__ import annotations

import ctypes
import dis
import sys
from functools import cache
from types import BuiltinFunctionType, CodeType, FrameType
from typing import Any

_OLD: bool = sys.version_info[:2] == (3, 11)
_WORD = ctypes.sizeof(ctypes.c_void_p)
_CODE = {(3, 11): 32, (3, 12): 0, (3, 13): 0}.get(sys.version_info[:2], -1)
_KNOWN = _CODE >= 0 and sys.implementation.name == "cpython" and _WORD == 8
_FRAME = object.__basicsize__ + _WORD
"""Offset of PyFrameObject.f_frame, after the head and f_back."""
_PREVIOUS, _STACKTOP, _LOCALS = 8, 64, 72
_ENTRY, _OWNER, _OWNED_BY_C = 68, 70, 3
UNBOUND = object()
"""Stands for an empty slot."""

_OPTIMIZED = 1
"""CO_OPTIMIZED: a function's frame, whose f_locals is not the namespace itself."""

_TAKEN = {
    name: count
    for count, names in (
        (0, "FOR_ITER DELETE_FAST WITH_EXCEPT_START"),
        (
            1,
            "BEFORE_WITH SEND LOAD_ATTR LOAD_METHOD DELETE_ATTR GET_ITER UNPACK_SEQUENCE UNARY_NOT "
            "UNARY_NEGATIVE UNARY_INVERT TO_BOOL POP_TOP STORE_FAST STORE_NAME STORE_GLOBAL STORE_DEREF "
            "RETURN_VALUE IMPORT_FROM POP_JUMP_IF_FALSE POP_JUMP_IF_TRUE POP_JUMP_FORWARD_IF_FALSE "
            "POP_JUMP_FORWARD_IF_TRUE POP_JUMP_BACKWARD_IF_FALSE POP_JUMP_BACKWARD_IF_TRUE",
        ),
        (2, "STORE_ATTR BINARY_OP BINARY_SUBSCR DELETE_SUBSCR COMPARE_OP CONTAINS_OP IS_OP IMPORT_NAME"),
        (3, "LOAD_SUPER_ATTR BINARY_SLICE STORE_SUBSCR"),
        (4, "STORE_SLICE"),
    )
    for name in names.split()
}
"""Operands that an instruction may have taken off the stack while it runs."""
_TAKEN_AT_MOST = 4
"""The same for any other instruction."""


def operands(frame: FrameType) -> list[Any] | None:
    """What lies on `frame`'s operand stack beneath the instruction under way; None where nobody can tell."""
    code = frame.f_code
    address = _inner(frame)
    if address is None:
        return None
    first = code_slots(code)
    top = ctypes.c_int.from_address(address + _STACKTOP).value
    if top < 0:
        depth = beneath(code, frame.f_lasti)
        if depth is None:
            return None
        top = first + depth
    return [_slot(address, at) for at in range(first, top)]


def variables(frame: FrameType) -> list[tuple[str, Any]]:
    """A frame's local variables, as they lie there: those that functions share are cells.

    Read from memory, too: up to 3.12 `f_locals` is one dictionary per frame, which the program may have in use.
    """
    code, address = frame.f_code, _inner(frame)
    if address is None or not code.co_flags & _OPTIMIZED:
        return list(frame.f_locals.items())
    own = code.co_varnames
    names = (*own, *(name for name in code.co_cellvars if name not in own), *code.co_freevars)
    found = ((name, _slot(address, at)) for at, name in enumerate(names))
    return [(name, value) for name, value in found if value is not UNBOUND]


def called_from_c(frame: FrameType) -> bool:
    """True where the interpreter's loop was entered anew for `frame`: C code lies between it and its caller."""
    address = _inner(frame)
    if address is None:
        return False
    if _OLD:
        return ctypes.c_bool.from_address(address + _ENTRY).value
    previous = ctypes.c_void_p.from_address(address + _PREVIOUS).value
    return previous is None or ctypes.c_char.from_address(previous + _OWNER).value[0] == _OWNED_BY_C


def callee(frame: FrameType) -> Any:
    """What `frame` is calling in C code at its call instruction; None where it is at no call."""
    address, found = _inner(frame), _instructions(frame.f_code).get(frame.f_lasti)
    if address is None or found is None:
        return None
    name, argument, depth = found
    if depth is None or not name.startswith(("CALL", "PRECALL")):
        return None
    base = code_slots(frame.f_code) + depth - _taken(name, argument)
    for at in (base, base + 1):
        value = _slot(address, at)
        if callable(value):
            return value
    return None


def hides_progress(inner: FrameType, frame: FrameType) -> bool:
    """True where C code called by `frame` called `inner` and keeps to itself how far it has come.

    `sum`, `list`, `sorted` and the like call back as often as there are elements; `next`, a class or a
    special method such as `__enter__` do so once, and what comes after is again in Python frames.
    """
    if not called_from_c(inner):
        return False
    found = _instructions(frame.f_code).get(frame.f_lasti)
    name = found[0] if found else ""
    if not name.startswith(("CALL", "PRECALL")):
        return name in _COLLECTING or name == "CONTAINS_OP" and inner.f_code.co_name != "__contains__"
    function = callee(frame)
    if isinstance(function, BuiltinFunctionType):
        return function.__name__ not in _CALLS_ONCE
    return isinstance(function, type) and not function.__flags__ & _HEAP


def hides_iterator(frame: FrameType) -> bool:
    """True where `frame` stands inside a `for` loop, judged by its bytecode alone."""
    at = frame.f_lasti
    return any(start <= at < end for start, end in _loops(frame.f_code))


def beneath(code: CodeType, at: int) -> int | None:
    """How many operands lie beneath those of the instruction at `at`, surely in place while it runs."""
    found = _instructions(code).get(at)
    if found is None or found[2] is None:
        return 0 if at < 0 else None
    return max(0, found[2] - _taken(found[0], found[1]))


def code_slots(code: CodeType) -> int:
    """Slots before the operand stack: variables, cells and closure variables."""
    own = code.co_varnames
    return len(own) + sum(name not in own for name in code.co_cellvars) + len(code.co_freevars)


def _inner(frame: FrameType) -> int | None:
    if not _KNOWN:
        return None
    address = ctypes.c_void_p.from_address(id(frame) + _FRAME).value
    if address is None or ctypes.c_void_p.from_address(address + _CODE).value != id(frame.f_code):
        return None
    return address


def _slot(address: int, at: int) -> Any:
    slot = address + _LOCALS + at * _WORD
    if ctypes.c_void_p.from_address(slot).value is None:
        return UNBOUND
    return ctypes.py_object.from_address(slot).value


def _taken(name: str, argument: int) -> int:
    if name == "CALL" and _OLD:
        return 2  # PRECALL has already counted the arguments off, though they are still there
    if name in ("CALL", "PRECALL"):
        return argument + 2
    if name == "CALL_KW":
        return argument + 3
    if name == "CALL_FUNCTION_EX":
        return 3 + (argument & 1)
    return _TAKEN.get(name, _TAKEN_AT_MOST)


@cache
def _instructions(code: CodeType) -> dict[int, tuple[str, int, int | None]]:
    """By offset: the instruction, its argument, and the depth of the operand stack before it."""
    listed = {ins.offset: ins for ins in dis.get_instructions(code)}
    order = sorted(listed)
    following = dict(zip(order, order[1:], strict=False))
    depths: dict[int, int] = {}
    todo = [(0, 0)] if order else []
    todo += [(e.target, e.depth + int(e.lasti) + 1) for e in dis.Bytecode(code).exception_entries]  # type: ignore[attr-defined]
    while todo:
        at, depth = todo.pop()
        if at in depths or at not in listed:
            continue
        depths[at] = depth
        ins = listed[at]
        argument = ins.arg if ins.opcode >= dis.HAVE_ARGUMENT else None
        if ins.opcode in _JUMPS:
            todo.append((ins.argval, depth + dis.stack_effect(ins.opcode, argument, jump=True)))
        if ins.opname not in _ENDS and at in following:
            todo.append((following[at], depth + dis.stack_effect(ins.opcode, argument, jump=False)))
    return {at: (ins.opname, ins.arg or 0, depths.get(at)) for at, ins in listed.items()}


@cache
def _loops(code: CodeType) -> list[tuple[int, int]]:
    return [(i.offset, i.argval) for i in dis.get_instructions(code) if i.opname == "FOR_ITER"]


_COLLECTING = frozenset(("LIST_EXTEND", "SET_UPDATE", "DICT_UPDATE", "DICT_MERGE", "UNPACK_SEQUENCE", "UNPACK_EX"))
_CALLS_ONCE = frozenset((
    "next", "iter", "getattr", "setattr", "delattr", "hasattr", "len", "repr", "hash", "format", "abs", "isinstance",
    "issubclass", "exec", "eval", "print", "__import__",
))  # fmt: skip
_HEAP = 1 << 9
"""Py_TPFLAGS_HEAPTYPE: not one of the interpreter's own types"""

_JUMPS = frozenset((*dis.hasjrel, *dis.hasjabs))
_ENDS = frozenset((
    "JUMP_FORWARD", "JUMP_BACKWARD", "JUMP_BACKWARD_NO_INTERRUPT", "RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS",
    "RERAISE",
))  # fmt: skip
