"""A smaller witness for the same failure."""

from __future__ import annotations

from collections.abc import Callable

from harness.execution import Replayed
from harness.schedule import Witness


def minimize(shown: Replayed, replay: Callable[[Witness], Replayed | None], attempts: int = 300) -> Replayed:
    """Drops turns from the witness while the execution still ends in the same outcome; at most `attempts` replays.

    Each turn is a switch that running on would not have made, so fewer turns are fewer preemptions.
    Deterministic: turns are tried from the last to the first until a whole pass drops nothing.
    """
    best = shown
    dropped = True
    while dropped:
        dropped = False
        for at in reversed(range(len(best.witness.turns))):
            if attempts <= 0:
                return best
            attempts -= 1
            turns = best.witness.turns[:at] + best.witness.turns[at + 1 :]
            smaller = replay(best.witness._replace(turns=turns))
            if smaller is not None and len(smaller.witness.turns) < len(best.witness.turns):
                best, dropped = smaller, True
                break
    return best
