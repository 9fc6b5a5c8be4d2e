"""What an execution came to: the seven outcomes, each with one exact definition."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """The end of one execution. The values are the words printed, stored and compared everywhere.

    PASSED        main returned, every non-daemon thread ended, the oracle agreed
    VIOLATED      an assertion failed, in the program or in its oracle
    CRASHED       any other exception left a thread uncaught
    DEADLOCK      live threads, none enabled, no timed wait pending
    LIVELOCK      a complete state repeats under a fair schedule and nobody is served
    STARVATION    such a loop in which others are served while one thread never is, or a declared bypass bound broken
    INCONCLUSIVE  the step bound was reached without any of these: neither a bug nor a pass
    """

    PASSED = "passed"
    VIOLATED = "violated"
    CRASHED = "crashed"
    DEADLOCK = "deadlock"
    LIVELOCK = "livelock"
    STARVATION = "starvation"
    INCONCLUSIVE = "inconclusive"

    @property
    def failed(self) -> bool:
        """True for what is a bug: neither a pass nor undecided."""
        return self not in (Outcome.PASSED, Outcome.INCONCLUSIVE)
