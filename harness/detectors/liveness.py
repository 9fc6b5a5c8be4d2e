"""Livelock and starvation: a fair tail that looks for a lasso.

Every execution goes over to this policy after half of its step bound. Threads take turns, and at the
start of a round the complete state is compared with an earlier one, the anchor. Everything that
decides how the execution goes on lies in the state, so when it repeats, so does what follows: for
ever. Before that is said, the loop is led through three times more, and each turn must make the
same steps, with the same results, and end in the same state.

The virtual clock moves when nobody is enabled. A thread that spins is always enabled, so a loop in
which no time passes, while somebody sleeps, proves nothing: then the clock is moved.

The anchor moves forward at rounds 1, 2, 4, 8 … (Brent 1980, "An improved Monte Carlo factorization
algorithm"), so a loop of any length that is entered at any time is found by the time that three times
as many rounds have passed, with a handful of states in memory. Places are compared before states.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, NamedTuple

from harness.detectors.lasso import Event, Standing, Verdict, judge
from harness.outcome import Outcome
from harness.strategies.turns import next_in_turn

TURNS = 3
"""Times that a loop is led through before it is believed."""

COST = 1_000_000
"""Tokens of state looked at per execution, at most; then the tail goes on without looking."""

COST_PER_STEP = 50
"""The same by the step bound, where that is more: who asks for more steps is told more."""

MORE = "a larger --max-steps may tell more"
"""What settles a doubt that is none of principle."""

UNSEEN = 20
"""Rounds after which time passes for the sleepers where nobody looks any more whether the others only spin."""

MISSES, STRIDE = 64, 12
"""After so many failed comparisons with one anchor only each STRIDE-th is made: loops are found that much later."""


OFTEN = 20
"""Comparisons that failed at one variable, from which on that is worth telling."""


class _Anchor(NamedTuple):
    step: int
    places: Any
    state: list[Any]


class Liveness:
    """The tail of every execution: threads take turns, and states are compared until one repeats.

    `verdict` is what was proven; `began` tells that it has chosen, so that it is of no use to another execution.
    """

    every_step = True

    def __init__(self, capture: Any, settings: Mapping[str, Any]) -> None:
        self._capture = capture
        names = [str(name) for name in settings.get("ignore_state", ())]
        self._names = tuple(names)
        self._ignored = frozenset(names) | frozenset(f"[{name!r}]" for name in names)
        self._last = -1
        self._rounds = 0
        self._rest = 0
        self._anchor: _Anchor | None = None
        self._loop = 0
        self._meetings = 0
        self._events: list[Event] = []
        self._turns: list[list[Event]] = []
        self.began = self._blind = False
        self._clock = ""
        self._doubts: Counter[str] = Counter()
        self.verdict: Verdict | None = None

    @property
    def inconclusive(self) -> str:
        """What stood in the way of a verdict, and what would settle it; empty where the tail was never reached."""
        if not self.began or self.verdict is not None:
            return ""
        unmet = "".join(f"; nothing called {name} was met" for name in self._names if not self._was_met(name))
        return self._obstacle() + unmet

    def _obstacle(self) -> str:
        if self._doubts:
            return self._doubts.most_common(1)[0][0]
        if self._clock:
            return f"a loop {self._clock}, so it may end by itself; {MORE}"
        where, times = self._capture.most_different()
        if times < OFTEN:
            large = "its state is too large to be compared again and again"
            return f"{large if self._is_tired() else 'no state came again'}; {MORE}"
        thread, _, path = where.rpartition(": ")
        name = path.rpartition(".")[2].partition("[")[0]
        aside = f"; if it only counts, set it aside (--ignore-state {name})" if name.isidentifier() else ""
        whose = f"{thread}'s {path}" if thread else path
        return f"{whose} was different each time{aside}; {MORE}"

    def _was_met(self, name: str) -> bool:
        """Whether something of that name was set aside: a variable, an attribute or a key."""
        return not self._capture.ignored.isdisjoint((name, f"[{name!r}]"))

    def choose(self, enabled: list[Any], running: Any, step: int) -> Any:
        """Round robin; stops the execution through the capture once a lasso is proven."""
        if not self.began:
            self.began = True
            self._capture.refine()
        self._capture.pause(True)
        chosen = next_in_turn(enabled, self._last)
        if not self._blind:
            try:
                self._observe(chosen, enabled, step)
            except Exception as error:  # a program may hold objects that break every rule: then nothing is claimed
                self._give_up(f"its state cannot be taken ({type(error).__name__}: {error})")
                self._blind = True
        self._last = chosen.index
        self._capture.pause(False)
        return chosen

    def _observe(self, chosen: Any, enabled: list[Any], step: int) -> None:
        if chosen.index <= self._last or self._last < 0:
            self._round(step)
        if self._loop and self.verdict is None:
            self._capture.watch()
            self._events.append(Event(*self._capture.event(chosen, enabled, len(self._turns) == TURNS - 1)))

    def _round(self, step: int) -> None:
        if self._loop:
            self._verify(step)
        elif self._rest:
            self._rest -= 1
        elif not self._is_tired():
            self._look(step)
        else:
            self._rounds += 1
            if not self._rounds % UNSEEN:
                self._capture.pass_time()

    def _is_tired(self) -> bool:
        """True when as much was looked at as an execution of so many steps is worth."""
        return bool(self._capture.cost >= max(COST, COST_PER_STEP * self._capture.max_steps))

    def _look(self, step: int) -> None:
        self._rounds += 1
        anchor, places = self._anchor, self._capture.standing()
        if anchor is not None and places == anchor.places and self._comes_again(anchor):
            self._loop, self._since = step - anchor.step, step
            self._events, self._turns = [], []
            self._time = self._capture.now
            self._capture.outside = self._capture.clock = ""
        elif anchor is None or self._rounds & (self._rounds - 1) == 0:
            state = self._capture.take(self._ignored)
            self._anchor = None if state is None else _Anchor(step, places, state)
            self._meetings = 0

    def _comes_again(self, anchor: _Anchor) -> bool:
        self._meetings += 1
        if self._meetings > MISSES and self._meetings % STRIDE:
            return False
        return self._capture.take(self._ignored, anchor.state) is not None

    def _verify(self, step: int) -> None:
        """A candidate is under way: at the end of each turn, everything must be as it was."""
        if step - self._since < self._loop:
            return
        assert self._anchor is not None
        turn, self._events, self._since = self._events, [], step
        self._turns.append(turn)
        same = len(turn) == self._loop and all(map(Event.same, turn, self._turns[0]))
        if not same or not self._capture.take(self._ignored, self._anchor.state):
            self._give_up(f"a loop seemed to close but did not repeat itself; {MORE}")
        elif self._capture.outside:
            self._give_up(f"a loop {self._capture.outside}, so it may end by itself; {MORE}")
        elif self._time == self._capture.now and self._capture.pass_time():
            self._clock = self._capture.clock
            self._loop, self._anchor, self._rounds = 0, None, 0
        elif self._capture.clock:
            self._give_up(f"a loop {self._capture.clock}, so it may end by itself; {MORE}")
        elif hidden := self._capture.opaque({event.task for event in turn}):
            self._give_up(hidden)
        elif len(self._turns) == TURNS:
            self._judge()

    def _judge(self) -> None:
        threads = [Standing(*facts) for facts in self._capture.threads()]
        turn = self._turns[-1]
        verdict = judge(turn, threads, [name for name in self._names if self._was_met(name)])
        if verdict is None:
            self._give_up(f"a thread could have run in a loop but never did; {MORE}")
        elif verdict.outcome is Outcome.LIVELOCK and self._capture.waits_inside(event.place for event in turn):
            self._give_up("who is served in a loop shows only where the library is not taken apart")
        else:
            self.verdict = verdict
            self._capture.stop()

    def _give_up(self, doubt: str) -> None:
        """Look again later, each time after twice as many rounds: at another place of the loop, or after it."""
        self._doubts[doubt] += 1
        self._rest = 2 ** sum(self._doubts.values())
        self._loop = 0
        self._anchor = None
        self._capture.unwatch()
