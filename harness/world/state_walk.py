"""The object graph of a program as a flat list of tokens: equal lists, isomorphic graphs.

Objects are numbered by first visit in a breadth-first walk from given roots; a reference to one is
its number, so sharing and cycles count and addresses do not. No program can tell apart two graphs
that give equal lists, except by what is listed under `unknown`: objects of C types that let nobody
look inside, and those that only weak references lead to, for they may vanish of themselves.

Left out on purpose: names in `ignored`, and the ids that the interpreter gives to threads and locks.
"""

from __future__ import annotations

import warnings
from collections import deque
from typing import Any

from harness.world.state_code import Contents, Unknown
from harness.world.state_contents import AMBIGUOUS, PLAIN, WEAKLY, contents

SIZE = 100_000
"""Tokens after which a state counts as too large to be compared."""


class Differs(Exception):
    """A walk is known to differ from the one it is compared with; the text is where."""


class Walk:
    """One walk. With `reference` it raises Differs at the first token that is not the reference's.

    `thread` is whose variables are being added, for the paths by which objects are told of.
    """

    def __init__(self, ignored: frozenset[str], reference: list[Any] | None = None) -> None:
        self.tokens: list[Any] = []
        self.unknown: list[str] = []
        self.ignored: set[str] = set()
        self._ignored = ignored
        self._reference = reference
        self._numbers: dict[int, int] = {}
        self._objects: list[Any] = []
        self._origin: list[tuple[int, str]] = []
        self._todo: deque[int] = deque()
        self._weak: list[tuple[int, Any]] = []
        self._here = -1
        self._label = ""
        self.thread = ""

    def emit(self, token: Any) -> None:
        """Add a token, a plain value."""
        at = len(self.tokens)
        self.tokens.append(token)
        reference = self._reference
        if reference is not None and (at >= len(reference) or reference[at] != token):
            raise Differs(self.path)
        if at > SIZE:
            self.unknown.append(f"its state has more than {SIZE:,} values")
            raise Differs(self.path)

    def refer(self, label: str, value: Any) -> None:
        """Add a reference to `value`, which is walked later; a plain value is its own token."""
        self._label = label
        cls = type(value)
        if cls in PLAIN:
            self.emit((cls, repr(value) if cls in AMBIGUOUS else value))
            return
        number = self._numbers.get(id(value))
        if number is None:
            number = self._numbers[id(value)] = len(self._objects)
            self._objects.append(value)
            self._origin.append(
                (self._here, label if self._here >= 0 or not self.thread else f"{self.thread}: {label}")
            )
            self._todo.append(number)
        self.emit(number)

    def namespace(self, owner: Any, found: Contents) -> None:
        """The same for what `owner` holds, a dictionary that others may refer to."""
        self._numbers.setdefault(id(owner), len(self._objects))
        self._objects.append(owner)
        self._origin.append((-1, ""))
        self.unfold(found)

    def unfold(self, found: Contents) -> None:
        """Add a kind of object and references to its parts, but for the ignored ones."""
        head, pairs = found
        self.emit(head)
        for name, value in pairs:
            if name is WEAKLY:
                self._weak.append((self._here, value))
            elif name in self._ignored:
                self.ignored.add(name)
            else:
                self._label = name
                self.emit(name)
                self.refer(name, value)

    def finish(self) -> None:
        """Walk everything that was referred to."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # itertools' __reduce__, from 3.12 on
            self._walk_on()
            for here, value in self._weak:
                self._here = here
                alone = value is not None and id(value) not in self._numbers
                self.refer(f"a {type(value).__name__}", value)
                if alone:
                    self.unknown.append(f"the garbage collector may take {self.path} away")
                self._walk_on()
        self._here = -1
        if self._reference is not None and len(self.tokens) != len(self._reference):
            raise Differs("")

    def _walk_on(self) -> None:
        while self._todo:
            self._here = self._todo.popleft()
            self._look_into(self._objects[self._here])

    def _look_into(self, obj: Any) -> None:
        self._label = ""
        try:
            found = contents(obj)
        except Unknown as unknown:
            self.unknown.append(f"nobody can look into {self.path or 'something'} ({unknown})")
            self.emit("unknown")
        else:
            self.unfold(found)

    @property
    def path(self) -> str:
        """The chain of names that leads to the last token."""
        at = self._here
        names = [self._label if at >= 0 or not self.thread else f"{self.thread}: {self._label}"]
        while at >= 0:
            at, name = self._origin[at]
            names.append(name)
        path = ".".join(name for name in reversed(names) if name).replace(".[", "[")
        if self._here >= 0 and (not path or path.endswith(": ")):
            path += f"a {type(self._objects[self._here]).__name__}"
        return path
