"""What exhaustive searches give each other: parts of the space, and what was found that lies outside of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from harness.strategies.causality import History
from harness.strategies.wakeup import Node, Sleep, Written, settled, values_of, written
from harness.trace import Step


class Part(NamedTuple):
    """A leaf below which another search explores all.

    The steps to the node of its branch and who sleeps on the way, in both senses; the branch's path down to the leaf
    and who else sleeps before each of its steps.
    """

    number: int
    steps: tuple[Step, ...]
    sleep: tuple[tuple[Sleep, Sleep], ...]
    path: Written
    besides: tuple[Sleep, ...]


class Harvest(NamedTuple):
    """What a part's search leaves behind: the steps of its path, what is to be tried on the way to it, and where."""

    steps: tuple[Step, ...]
    found: tuple[tuple[int, Written], ...]
    finished: bool


def give_away(nodes: Sequence[Node], root: int, history: History, given: int, most: int) -> list[Part]:
    """Up to `most` leaves at the nodes from `root` on, the highest ones; numbers go on from `given`.

    The leaf that comes next is kept, or there would be nothing to do but wait.
    """
    parts: list[Part] = []
    following = next((node.branches[0].leaf() for node in reversed(nodes) if node.branches), None)
    for at, node in enumerate(nodes[root:], start=root):
        for path, besides in settled(node.branches):
            if len(parts) == most:
                return parts
            if path[-1].part is None and path[-1] is not following:
                path[-1].part = given + len(parts) + 1
                done = {history.steps[at].task: history.accesses[at]} if at < len(history.steps) else {}
                sleep = [(dict(other.sleep), dict(other.drowsy)) for other in nodes[: at + 1]]
                sleep[-1][0].update(done | besides[0])
                steps, way = tuple(history.steps[:at]), tuple(map(values_of, path))
                parts.append(Part(path[-1].part, steps, tuple(sleep), way, tuple(besides[1:])))
    return parts


def found_above(nodes: Sequence[Node]) -> tuple[tuple[int, Written], ...]:
    """The branches of these nodes, each with the node's number."""
    known: dict[Hashable, Any] = {}  # equal steps are to be one object, which is sent once
    return tuple(
        (at, tuple(known.setdefault(values, values) for values in path))
        for at, node in enumerate(nodes)
        for branch in node.branches
        for path in written(branch)
    )
