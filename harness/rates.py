"""What n runs say about the true rate of a failure: an interval, and a bound where nothing failed.

Wilson, E. B. (1927), "Probable inference, the law of succession, and statistical inference", JASA 22, 209-212:
unlike the textbook interval rate ± 1.96·s it keeps its 95% for small n and for rates near 0 and 1.
With no failure at all the exact statement is one-sided: a rate above 1 - 0.05**(1/n) would have shown itself
in 95 of 100 such series (for large n this is the "rule of three", 3/n).

A series that ends with a certain failure (`--until`) is no sample of n runs: n is what chance decided, and Wilson's
interval would hold in as few as 84 of 100 such series. Its interval is exact instead: the rates under which neither
so few runs nor so many would have come about in 1 of 40 series (Clopper and Pearson's construction, for the negative
binomial distribution).
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, exp, lgamma, log, sqrt
from typing import NamedTuple

Z95 = 1.959963984540054  # the normal distribution's 97.5% point: 2.5% are left on either side
DOUBT = 0.05


class Rate(NamedTuple):
    """`failed` of `runs`, and the interval in which the true rate lies with 95% confidence; all between 0 and 1."""

    failed: int
    runs: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.failed / self.runs if self.runs else 0.0

    @property
    def brief(self) -> str:
        """`37% [28–47]`, or `below 3%` where nothing failed."""
        if not self.runs:
            return "no runs"
        if not self.failed:
            return f"below {_percent_above(self.high)}"
        return f"{_percent(self.value)} [{_percent(self.low)[:-1]}–{_percent(self.high)[:-1]}]"

    def __str__(self) -> str:
        return f"true rate {self.brief} (95%)" if self.runs and not self.failed else self.brief


def wilson(failed: int, runs: int) -> tuple[float, float]:
    """Wilson's 95% score interval."""
    rate, square = failed / runs, Z95 * Z95
    scale = 1 + square / runs
    middle = (rate + square / (2 * runs)) / scale
    reach = Z95 / scale * sqrt(rate * (1 - rate) / runs + square / (4 * runs * runs))
    return max(0.0, middle - reach), min(1.0, middle + reach)


def zero_bound(runs: int) -> float:
    """The largest true rate that `runs` runs without a failure leave possible, with 95% confidence."""
    return float(1 - DOUBT ** (1 / runs))


def until(failed: int, runs: int) -> tuple[float, float]:
    """The exact 95% interval of a series that was ended by its failure number `failed`."""
    low = _solved(lambda p: 1 - _at_most(failed - 1, runs, p) - DOUBT / 2)
    high = 1.0 if failed == runs else _solved(lambda p: DOUBT / 2 - _at_most(failed - 1, runs - 1, p))
    return low, high


def _at_most(failed: int, runs: int, p: float) -> float:
    """The probability of at most so many failures."""
    terms = (
        lgamma(runs + 1) - lgamma(k + 1) - lgamma(runs - k + 1) + k * log(p) + (runs - k) * log(1 - p)
        for k in range(failed + 1)
    )
    return sum(map(exp, terms))


def _solved(rising: Callable[[float], float]) -> float:
    """Where between 0 and 1 the function crosses zero."""
    low, high = 0.0, 1.0
    for _ in range(50):
        middle = (low + high) / 2
        low, high = (low, middle) if rising(middle) > 0 else (middle, high)
    return (low + high) / 2


def rate(failed: int, runs: int, ended_by_failure: bool = False) -> Rate:
    """The rate with its interval: exact and one-sided where none or all failed, Wilson's between.

    ended_by_failure: the last run failed, and the series would not have ended otherwise (`until`).
    """
    if not 0 <= failed <= runs:
        raise ValueError(f"{failed} failures of {runs} runs cannot be")
    if not runs:
        return Rate(0, 0, 0.0, 1.0)
    if not failed:
        return Rate(0, runs, 0.0, zero_bound(runs))
    if ended_by_failure:
        return Rate(failed, runs, *until(failed, runs))
    if failed == runs:
        return Rate(failed, runs, 1 - zero_bound(runs), 1.0)
    return Rate(failed, runs, *wilson(failed, runs))


def _percent(share: float) -> str:
    """Whole percent; one decimal below 1% and above 99%, so that rare does not look like never."""
    return f"{share:.0%}" if share in (0, 1) or 0.01 <= share <= 0.99 else f"{share:.1%}"


def _percent_above(share: float) -> str:
    """Rounded up to one significant figure at least: a bound that was rounded down would be false."""
    percent = share * 100
    digits = 0 if percent >= 1 else 1 if percent >= 0.1 else 2 if percent >= 0.01 else 3
    return f"{ceil(percent * 10**digits - 1e-9) / 10**digits:g}%"
