"""Livelock and starvation: a fair tail that looks for a lasso.

Every execution goes over to this policy after half of its step bound. Threads take turns, and at the
start of a round the complete state is compared with an earlier one, the anchor. Everything that
decides how the execution goes on lies in the state, so when it repeats, so does what follows: for
ever. Before that is said, the loop is led through three times more, and each turn must make the
same steps, with the same results, and end in the same state.

The anchor moves forward at rounds 1, 2, 4, 8 … (Brent 1980, "An improved Monte Carlo factorization
algorithm"), so a loop of any length that is entered at any time is found by the time that three times
as many rounds have passed, with a handful of states in memory. Places are compared before states.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.detectors.lasso import Event, Standing, Verdict, judge
from harness.strategies.turns import next_in_turn

TURNS = 3
"""Times that a loop is led through before it is believed."""

COST = 4_000_000
"""Tokens of state looked at per execution, at most; then the tail goes on without looking."""


class _Anchor(NamedTuple):
    step: int
    places: Any
    state: list[Any]


class Liveness:
    """The tail of every execution: threads take turns, and states are compared until one repeats.

    `verdict` is what was proven; `inconclusive` says, where nothing was, what stood in the way.
    """

    every_step = True

    def __init__(self, capture: Any, settings: Mapping[str, Any]) -> None:
        self._capture = capture
        names = [str(name) for name in settings.get("ignore_state", ())]
        self._modulo = tuple(names)
        self._ignored = frozenset(names) | frozenset(f"[{name!r}]" for name in names)
        self._last = -1
        self._rounds = 0
        self._anchor: _Anchor | None = None
        self._loop = 0
        self._events: list[Event] = []
        self._turns: list[list[Event]] = []
        self._began = False
        self.verdict: Verdict | None = None
        self.inconclusive = ""

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """Round robin; stops the execution through the capture once a lasso is proven."""
        if not self._began:
            self._began = True
            self._capture.refine()
        chosen = next_in_turn(enabled, self._last)
        if chosen.index <= self._last or self._last < 0:
            self._round(step)
        self._last = chosen.index
        if self._loop and self.verdict is None:
            self._events.append(Event(*self._capture.event(chosen, enabled, len(self._turns) == TURNS - 1)))
        return chosen

    def _round(self, step: int) -> None:
        if self._loop:
            self._verify(step)
        elif self._capture.cost < COST:
            self._look(step)

    def _look(self, step: int) -> None:
        self._rounds += 1
        anchor, places = self._anchor, self._capture.standing()
        if anchor is not None and places == anchor.places and self._capture.take(self._ignored, anchor.state):
            self._loop = step - anchor.step
            self._time, self._capture.outside = self._capture.now, ""
            self._events, self._turns = [], []
            self._since = step
        elif anchor is None or self._rounds & (self._rounds - 1) == 0:
            self._move_anchor(step, places)

    def _move_anchor(self, step: int, places: Any) -> None:
        state = self._capture.take(self._ignored)
        if state is not None:
            self._anchor = _Anchor(step, places, state)

    def _verify(self, step: int) -> None:
        """A candidate is under way: at the end of each turn, everything must be as it was."""
        if step - self._since < self._loop:
            return
        assert self._anchor is not None
        turn, self._events, self._since = self._events, [], step
        self._turns.append(turn)
        same = len(turn) == self._loop and all(map(Event.same, turn, self._turns[0]))
        if not same or not self._capture.take(self._ignored, self._anchor.state):
            self._give_up("a loop seemed to close but did not repeat itself")
        elif len(self._turns) == TURNS:
            self._conclude()

    def _conclude(self) -> None:
        stepping = {event.task for event in self._turns[-1]}
        hidden = self._capture.opaque(stepping)
        if self._capture.outside:
            self._give_up(f"a loop {self._capture.outside}, so it may end by itself")
            if self._time == self._capture.now:
                self._capture.pass_time()
        elif hidden:
            self._give_up(hidden)
        else:
            self._judge()

    def _judge(self) -> None:
        threads = [Standing(*facts) for facts in self._capture.threads()]
        self.verdict = judge(self._turns[-1], threads, self._modulo)
        if self.verdict is None:
            self._give_up("a loop in which a thread could have run but never did")
        else:
            self._capture.stop()

    def _give_up(self, reason: str) -> None:
        self.inconclusive = self.inconclusive or reason
        self._loop = 0
        self._anchor = None
