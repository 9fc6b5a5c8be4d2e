"""What is to be executed next: rounds of blocks, the same ones whatever the number of workers.

A block is a number of executions that one worker makes one after the other, under one strategy. It
starts from what was known when its round began, so it comes to the same wherever and whenever it is
carried out; and as the blocks of a round are counted in their order, so does the search. Most searches
end in their first block, which is a round of its own. From then on a round keeps `WIDTH` workers
busy; fewer carry out one block after the other.

Samples are shared out by their index. An exhaustive search is split at its branches: each part is
explored by a search of its own, which may be split in turn. The search that it came from goes on meanwhile,
and waits for a part only when it comes to where that belongs.
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
"""Executions that an exhaustive search makes before it is split: of most nothing is left then."""

WIDTH: Final = 8
"""Blocks of a round: so many workers can be kept busy. The result depends on this number, hence it is fixed."""


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
    """A part of an exhaustive search, or all of it. `parts` has those that it has given away, by number."""

    def __init__(self, search: Any, above: _Limb | None = None, number: int = 0) -> None:
        self.search = search
        self.above = above
        self.number = number
        self.parts: dict[int, _Limb] = {}
        self.executions = 0
        self.ended = False
        self.waiting = False
        self.ready = False

    def split(self, most: int) -> None:
        """Give away up to `most` parts. To be done after an execution."""
        if self.ready and hasattr(self.search, "split"):
            for part in self.search.split(most):
                self.parts[part.number] = _Limb(self.search.explorer(part), self, part.number)
            self.ready = False

    def stop(self) -> None:
        """It waits for a part, or nothing is left to try here: then the search above may go on."""
        self.waiting = getattr(self.search, "waiting", False)
        self.ended = not self.waiting
        if self.ended and self.above is not None:
            self.above.search.absorb(self.number, self.search.harvest())
            self.above.waiting = self.above.search.waiting
            del self.above.parts[self.number]


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
        self._executions = 0
        self.bound = preemptions
        self.gave_up = False

    def round(self, left: int) -> list[Block]:
        """A block for each part that is not done and does not wait; where there are few, parts are split."""
        at_work = list(self._at_work())
        for limb in at_work:
            if len(at_work) < WIDTH and self._executions >= WHOLE:
                limb.split(WIDTH - len(at_work))
                at_work = list(self._at_work())
        self._out, blocks = [], []
        for limb in at_work:
            most = min(left, self._most(limb))
            if most:
                left -= most
                self._out.append(limb)
                blocks.append(Block(limb.search, limb.executions, most))
        return blocks

    def done(self, number: int, strategy: Strategy, executions: int, ended: bool) -> None:
        """As for every plan."""
        limb = self._out[number]
        limb.search = strategy
        limb.executions += executions
        self._executions += executions
        limb.ready = True
        self.gave_up = self.gave_up or strategy.gave_up
        if ended:
            limb.stop()
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

    def _at_work(self) -> Iterator[_Limb]:
        todo = [self._root]
        while todo:
            limb = todo.pop()
            todo.extend(reversed(limb.parts.values()))
            if not limb.ended and not limb.waiting:
                yield limb
