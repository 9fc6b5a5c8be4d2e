"""What operations written in C touch, and functions of the library, which are not rewritten.

An *effect* is a function of (receiver, arguments) that lists the accesses (kind, object, key) which a
call will make. Effects marked `unsteady` depend on what the containers hold at the moment of the call.
What is not known counts as writing the receiver and every container among the arguments.
"""

from __future__ import annotations

import collections
import functools
import io
import string
import sys
from typing import Any

from harness.trace import WHOLE
from harness.world.access_reach import (
    CALLS,
    Effect,
    Touch,
    changing,
    changing_function,
    compares_quietly,
    contents,
    deep,
    is_plain_key,
    keyed,
    place,
    reachable,
    readable,
    stepping,
    writable,
    writing,
)
from harness.world.access_types import facts_of, instances, is_a


def read_all(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", receiver, WHOLE)]


def write_all(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE)]


def read_both(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", receiver, WHOLE), *readable(arguments)]


def read_deep(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [*deep(receiver), *(touch for argument in arguments for touch in deep(argument))]


def write_from(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE), *readable(arguments)]


def write_everything(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """And streams or iterators that the receiver has."""
    return [("write", receiver, WHOLE), *writable(arguments), *writing(reachable((receiver, *arguments)))]


def read_around(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A container written in Python, and those that it stands on."""
    return [*deep(receiver), *readable(arguments)]


def write_around(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return changing(deep(receiver)) + write_arguments(receiver, arguments)


def nothing(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return []


def read_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return readable(arguments)


def counted(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`len`, or a set."""
    return readable(arguments)


def write_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """What nothing is known of changes the containers it is given, and may look at all that it can reach."""
    return [*writable(arguments), *_looked_at(arguments)]


def _looked_at(arguments: tuple[Any, ...]) -> list[Touch]:
    written = [touch[1] for touch in writable(arguments)]
    return [touch for touch in reachable(arguments) if not any(touch[1] is one for one in written)]


def look_around(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return reachable(arguments)


def look_around_all(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """The same for methods."""
    return reachable((receiver, *arguments))


def printed(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`print`: to what the program has put in the place of the standard output, too."""
    own = stepping(sys.stdout) if is_a(sys.stdout, io.StringIO) else []
    return [*deep_arguments(receiver, arguments), *own]


def making(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`type` with three arguments makes a class."""
    if len(arguments) != 3 or not is_a(arguments[1], tuple):
        return []
    return [*readable(arguments[2:]), *(("write", base, "__subclasses__") for base in arguments[1])]


def formatted(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`"{0.name}".format(x)` reads attributes; without such names a format is like `str`."""
    text = receiver if type(receiver) is str else ""
    try:
        inner = any(name and ("." in name or "[" in name) for _, name, _, _ in string.Formatter().parse(text))
    except ValueError:
        inner = False
    return look_around(receiver, arguments) if inner else deep_arguments(receiver, arguments)


def find(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """An element is looked for: it is compared with those that are there."""
    return [*deep(receiver), *deep_arguments(receiver, arguments)]


def remove(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, WHOLE), *find(receiver, arguments)[1:]]


def read_object(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`dir(x)`."""
    return [("read", value, WHOLE) for value in arguments if facts_of(type(value)).sort not in ("module", "immutable")]


def write_and_compare(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`sort`."""
    return [("write", receiver, WHOLE), *deep(receiver)[1:]]


def write_from_deep(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`update` takes pairs apart."""
    return [("write", receiver, WHOLE), *deep_arguments(receiver, arguments)]


def copied_and_compared(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`sorted` works on a copy: only what it compares is looked at again."""
    return [touch for touch in deep_arguments(receiver, arguments) if touch is not CALLS]


def deep_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    touches: list[Touch] = []
    for argument in arguments:
        steps = facts_of(type(argument)).sort in ("iterator", "generator")
        touches += stepping(argument) if steps else deep(argument)
    return touches


def joined(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`", ".join`."""
    return deep_arguments(receiver, arguments)


def summed(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """What comes to the same in whatever order, mostly."""
    return deep_arguments(receiver, arguments)


def reduced(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """`functools.reduce`, of a function that changes its first argument, say."""
    touches = deep_arguments(receiver, arguments)
    return changing(touches) if changing_function(next(iter(arguments), None)) else touches


def first_written(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A sorted list, whose elements are compared."""
    return [*writable(arguments[:1]), *deep_arguments(receiver, arguments)[1:]]


def lazy_arguments(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """iter() of a dict, set or deque remembers its size; of a list nothing."""
    found = instances(arguments, "container", "view")
    return [("read", contents(value), WHOLE) for value in found if facts_of(type(value)).base is not list]


def read_key(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("read", receiver, place(receiver, arguments[0]) if arguments else WHOLE), *_keyed(receiver, arguments)]


def _keyed(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A key that is no plain value is compared with others like it."""
    if not arguments or compares_quietly(arguments[0]):
        return []
    base = facts_of(type(receiver)).base
    keys = base.__iter__(receiver) if base is dict or base is set else ()
    return [*keyed(arguments[0]), *deep([key for key in keys if not compares_quietly(key)])[1:]]


def get_item(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A missing key of a defaultdict is stored."""
    missing = is_a(receiver, collections.defaultdict) and not _present(receiver, arguments)
    first, *others = read_key(receiver, arguments)
    return [("write" if missing else "read", *first[1:]), *others]


def write_key(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return [("write", receiver, place(receiver, arguments[0]) if arguments else WHOLE), *_keyed(receiver, arguments)]


def _present(receiver: Any, arguments: tuple[Any, ...]) -> bool | None:
    """Whether the key is there; None where only program code could tell."""
    if not arguments or not is_plain_key(arguments[0]):
        return None
    return bool((dict if is_a(receiver, dict) else set).__contains__(receiver, arguments[0]))


def write_if_present(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    first, *others = write_key(receiver, arguments)
    return [("read" if _present(receiver, arguments) is False else "write", *first[1:]), *others]


def write_if_absent(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    first, *others = write_key(receiver, arguments)
    return [("read" if _present(receiver, arguments) else "write", *first[1:]), *others]


def write_if_any(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    empty = not facts_of(type(receiver)).base.__len__(receiver)  # type: ignore[union-attr]
    return [("read" if empty else "write", receiver, WHOLE)]


def read_from_end(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """A negative index."""
    return read_key(receiver, arguments)


def write_from_end(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return write_key(receiver, arguments)


def strings(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return []


def weakly(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return []


def proxied(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    return []


SHOWING = {write_arguments, write_everything, write_if_any}
"""Effects that show which keys came first in what they change."""

BLIND = {counted: True, find: True, copied_and_compared: False, summed: False, read_deep: False}
"""Effects that read containers and do not show which keys came first; False: where the elements are `alike`."""

WALKING = {read_arguments, counted, summed, copied_and_compared, joined, read_both, write_from}
"""Effects of what walks through its arguments at one go."""

LASTING = {strings, proxied}
"""Effects that matter even where they come before the second thread."""

UNSEEN: dict[Effect, str] = {
    strings: "code in a string has no scheduling points",
    proxied: "what is done through a weakref.proxy has no scheduling points",
    weakly: "who holds the last reference to an object, and until when, is not searched",
}
"""Effects of which not all is known, and what a search cannot say then."""


@functools.cache
def outside(root: str, written: Effect) -> Effect:
    """The same as `written`, for the code of an installed package that is not rewritten."""

    def effect(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
        return written(receiver, arguments)

    UNSEEN[effect] = f"{root} is one step wherever it is called (--instrument {root} takes it apart)"
    return effect


UNSTEADY = {get_item, write_if_present, write_if_absent, write_if_any, read_from_end, write_from_end, read_deep}
UNSTEADY |= {
    deep_arguments,
    summed,
    reduced,
    copied_and_compared,
    write_and_compare,
    write_from_deep,
    first_written,
    look_around,
    look_around_all,
    printed,
    formatted,
    write_arguments,
    write_everything,
    find,
    remove,
    write_key,
    read_key,
}
"""Effects to be asked again when the thread goes on: another may have changed the answer."""
