"""The hooks that rewritten programs call: each says what is about to be touched, through one callable.

`hooks(access)` gives the names to put into a program's builtins. `access(kind, obj, key, site)` is
called right before the access takes effect, and is the scheduling point. `kind` is "read" or "write".

    what                  obj                       key
    attribute             the object                its name (`__dict__ = …`: WHOLE)
    class attribute       the class                 its name (through an instance: the instance first)
    module attribute      the module's `__dict__`   its name
    global                the module's `__dict__`   its name
    closure variable      the cell                  WHOLE
    list, deque, array    the container             index >= 0; WHOLE for slices and all that shifts items
    dict, set             the container             the key; WHOLE for what touches all, and for keys whose
                                                    `__hash__` or `__eq__` the program wrote
    iterator, generator   the iterator ("write")    WHOLE, beside the read of what it walks over

`in_order(mapping, site)` is called where the program is about to see which keys of a dict came first, or which elements
of a set: wherever all of one is read (a loop, `list`, `str`, a copy, `max(…, key=…)` …), but for what comes to the same
in any order (`len`, `==`, `sorted` or `sum` of what is `alike`).

`together(touches, site)` is called instead where one operation touches several things at once: a list of
(kind, obj, key), one scheduling point. Without it `access` is called for each, which lets threads change
places between them. `instead` is called where the one thing that a thread was about to touch is another one
when it goes on (a key that it was to add is there by now); without it that is announced as one more access.
`unseen(what, site)` is told of what none of this can say: see the list below.

No hook runs code of the program. Errors are raised by the program's own instructions, in its own frame;
where an object of access_standins.py stands in between, frames of harness/world/ show in the traceback.

Not announced, or not exactly. Where that could hide an interleaving, `unseen` is told, and no search claims everything:
* C code that calls the program back (`__eq__`, `__hash__`, `__lt__`, `__repr__` of elements) is announced
  at its start only. `extend` from a generator, `max(…, key=…)`, `map`, `filter`, `reduce` and `sort(key=…)`
  announce each element.
* A method is no access unless its own module assigns that name to some attribute: replacing methods from
  another module goes unseen.
* `yield from` a generator that others walk through, too: only its start is.
* An attribute of a `dict` or `list` subclass is the same location as the key of that name.
* Code in strings (`exec`, `eval`); the methods that dataclasses generate read them as wholes.
* `match` on shared data is one step; so is what C code does between calls of the program's own methods.
* Who holds the last reference: weak references, and `__del__`, which runs in the thread that lets go last.
* Installed packages that are not rewritten, and assignments to `__class__`, `__code__`, `__defaults__` and the like.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from harness.world.access_announce import Access, Together, Unseen
from harness.world.access_calls import Calls

_VARIABLES = "get get_s set_w set_d global_ global_w global_v cell cell_w cell_v"
_CONTAINERS = """item item_w item_d key key_w key_d whole whole_w whole_d sub aug_item aug_attribute
    read read_again truth text spread read_deep match rhs pair compared compared_pair aug_rhs aug_pair in_ in_pair
    open steps steps_unpacked star unpack unpack_deep from_ base finalizing"""
_CALLS = "with_ call args fed calling meth meth_s method method_s"
_BINARY = ("add", "sub", "mul", "mod", "or", "and", "xor", "truediv", "floordiv", "pow", "lshift", "rshift", "matmul")
_OPERATORS = (*_BINARY, *("i" + name for name in _BINARY), "eq", "ne", "lt", "le", "gt", "ge", "contains")


class Hooks(Calls):
    """All hooks as methods, named without `_lab_`."""


def hooks(
    access: Access,
    together: Together | None = None,
    instead: Access | None = None,
    unseen: Unseen | None = None,
    in_order: Callable[[Any, int], None] | None = None,
) -> dict[str, Callable[..., Any]]:
    """The builtins a rewritten program needs, by name."""
    made = Hooks(access, together, instead, unseen, in_order)
    names = f"{_VARIABLES} {_CONTAINERS} {_CALLS}".split()
    result: dict[str, Callable[..., Any]] = {"_lab_" + name.rstrip("_"): getattr(made, name) for name in names}
    for name in _OPERATORS:
        result["_lab_op_" + name] = getattr(operator, f"__{name}__")
    return {**result, "_lab_globals": globals, "_lab_iter": iter, "_lab_slice": slice}
