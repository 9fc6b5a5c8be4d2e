"""What is to be executed next: rounds of blocks, the same ones whatever the number of workers.

A block is a number of executions that one worker makes one after the other, under one strategy. It
starts from what was known when its round began, so it comes to the same wherever and whenever it is
carried out; and as the blocks of a round are counted in their order, so does the search. Most searches
end in their first block, which is a round of its own. From then on a round keeps `WIDTH` workers
busy; fewer carry out one block after the other.

Samples are shared out by their index. An exhaustive search is split at its branches: each part is
explored by a search of its own, which may be split in turn, and the search that it came from waits until
all of its parts are done.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from harness.strategies import Plan, Profile, Strategy, make

ALONE: Final = 100
"""Executions of the first block: most searches are over by then, and most of what is to be learned of a program is."""

BLOCK: Final = 32
"""Samples of every other block."""

PIECE, LARGEST = 128, 512
"""Executions of an exhaustive search's blocks: more and more, for it travels to and fro with all it remembers."""

WHOLE: Final = 500
"""Executions that an exhaustive search makes before it is split: a part may repeat some of what others do."""

WIDTH: Final = 8
"""Blocks of a round: so many workers can be kept busy. The result depends on this number, hence it is fixed."""


WASTE: Final = 8
"""It is split no further where one execution in so many repeats what another part does."""


class Block(NamedTuple):
    """Up to `most` executions under `strategy`, the first of which has the number `start`."""

    strategy: Strategy
    start: int
    most: int


class Samples(Plan):
    """Executions that depend on their index only, without end."""

    def __init__(
        self,
        name: str,
        seed: int,
        profile: Profile,
        *,
        preemptions: int | None = None,
        executions: int | None = None,
        early_timeouts: bool = False,
    ) -> None:
        self._sampler = make(name, seed, profile, preemptions=preemptions)
        self._next = 0
        self.bound = preemptions

    def round(self, left: int) -> list[Block]:
        """The next samples, at most `left`."""
        return self.take(min(left, WIDTH * BLOCK if self._next else ALONE))

    def take(self, count: int) -> list[Block]:
        """The next `count` samples, in blocks."""
        blocks = []
        while count > 0:
            most = min(count, BLOCK if self._next else ALONE)
            blocks.append(Block(self._sampler, self._next, most))
            self._next += most
            count -= most
        return blocks


class _Limb:
    """A part of an exhaustive search, or all of it. `parts` are those that it has given away and waits for."""

    def __init__(self, search: Any, above: _Limb | None = None) -> None:
        self.search = search
        self.above = above
        self.parts: list[tuple[Any, _Limb]] = []
        self.executions = self.wasted = 0
        self.ended = False
        self.ready = False

    def split(self, most: int) -> None:
        """Give away up to `most` parts. To be done after an execution."""
        if self.ready and hasattr(self.search, "split"):
            self.parts = [(part, _Limb(self.search.explorer(part), self)) for part in self.search.split(most)]
            self.ready = False

    def end(self) -> None:
        """Nothing is left to try here. The last part that ends lets the search above go on."""
        self.ended = True
        above = self.above
        if above is not None and all(limb.ended for _, limb in above.parts):
            for part, limb in above.parts:
                above.search.absorb(part, limb.search.harvest())
            above.parts = []


class Tree(Plan):
    """An exhaustive search and its parts. What an execution teaches makes it start again."""

    systematic = True

    def __init__(
        self,
        name: str,
        seed: int,
        profile: Profile,
        *,
        preemptions: int | None = None,
        executions: int | None = None,
        early_timeouts: bool = False,
        longest: int | None = None,
    ) -> None:
        options = {"early_timeouts": early_timeouts, "longest": longest}
        self._root = _Limb(make(name, seed, profile, preemptions=preemptions, **options))
        self._out: list[_Limb] = []
        self._executions = self._wasted = 0
        self.bound = preemptions
        self.gave_up = False

    def round(self, left: int) -> list[Block]:
        """A block for each part that is explored; a part with much left to try is split where there are few."""
        leaves = list(self._leaves())
        for limb in leaves:
            room = WIDTH - len(leaves)
            if room and self._executions >= max(WHOLE, WASTE * self._wasted):
                limb.split(room + 1)
                leaves = list(self._leaves())
        self._out, blocks = [], []
        for limb in leaves:
            most = min(left, self._most(limb))
            if most:
                left -= most
                self._out.append(limb)
                blocks.append(Block(limb.search, limb.executions, most))
        return blocks

    def done(self, number: int, strategy: Strategy, executions: int, ended: bool) -> None:
        """As for every plan."""
        limb = self._out[number]
        self._wasted += getattr(strategy, "wasted", 0) - limb.wasted
        limb.search, limb.wasted = strategy, getattr(strategy, "wasted", 0)
        limb.executions += executions
        self._executions += executions
        limb.ready = True
        self.gave_up = self.gave_up or strategy.gave_up
        if ended:
            limb.end()
            self.exhausted = limb is self._root and strategy.exhausted
            self.bound = strategy.bound

    @property
    def over(self) -> bool:
        """Whether nothing is left to try."""
        return self._root.ended

    def _most(self, limb: _Limb) -> int:
        if limb is self._root and not limb.executions:
            return ALONE
        if hasattr(limb.search, "split"):
            return max(PIECE, min(LARGEST, self._executions // WIDTH))
        return max(PIECE, limb.executions)

    def _leaves(self) -> Iterator[_Limb]:
        todo = [self._root]
        while todo:
            limb = todo.pop()
            todo.extend(part for _, part in reversed(limb.parts))
            if not limb.parts and not limb.ended:
                yield limb
