"""What the numbers of a stress series claim, and how a budget is written."""

from __future__ import annotations

from math import comb

import pytest

from harness.budget import Budget
from harness.rates import rate, wilson, zero_bound


def test_wilsons_interval_is_the_one_in_the_literature() -> None:
    # Newcombe (1998), "Two-sided confidence intervals for the single proportion", table I, method 3.
    published = {(81, 263): (0.2553, 0.3662), (15, 148): (0.0624, 0.1605), (1, 29): (0.0061, 0.1718)}
    assert {case: tuple(round(bound, 4) for bound in wilson(*case)) for case in published} == published


def test_the_bound_for_no_failure_is_exactly_where_no_failure_becomes_one_in_twenty() -> None:
    for runs in (1, 10, 100, 100_000):
        assert (1 - zero_bound(runs)) ** runs == pytest.approx(0.05)
    assert zero_bound(1000) == pytest.approx(3 / 1000, rel=0.01)  # the rule of three


def test_the_interval_holds_the_true_rate_in_about_95_of_100_series() -> None:
    # Exact: the binomial weight of all series whose interval contains the rate. Wilson's is close to 95% on average,
    # which for single rates and 50 runs means between 92% and 99%.
    runs = 50
    weights = []
    for true in (0.02, 0.1, 0.3, 0.5, 0.9):
        inside = [k for k in range(runs + 1) if rate(k, runs).low <= true <= rate(k, runs).high]
        weights.append(sum(comb(runs, k) * true**k * (1 - true) ** (runs - k) for k in inside))
    assert all(0.92 < weight < 0.99 for weight in weights), weights
    assert sum(weights) / len(weights) == pytest.approx(0.95, abs=0.02)


def test_a_series_that_ends_with_a_failure_has_an_interval_of_its_own() -> None:
    # Exact again: the negative binomial weight of all such series whose interval contains the rate.
    for failures, true in ((1, 0.05), (1, 0.6), (5, 0.2)):
        weights = {
            runs: comb(runs - 1, failures - 1) * true**failures * (1 - true) ** (runs - failures)
            for runs in range(failures, round(15 * failures / true))
        }
        assert sum(weights.values()) == pytest.approx(1, abs=1e-4)
        found = {runs: rate(failures, runs, ended_by_failure=True) for runs in weights}
        assert sum(weights[runs] for runs, rate in found.items() if rate.low <= true <= rate.high) >= 0.95
    assert rate(1, 1, ended_by_failure=True).low == pytest.approx(0.025)
    assert wilson(1, 20)[0] > rate(1, 20, ended_by_failure=True).low == pytest.approx(1 - 0.975 ** (1 / 20))


def test_a_rate_reads_as_a_sentence_that_claims_no_more_than_the_runs_allow() -> None:
    shown = {case: str(rate(*case)) for case in [(37, 100), (0, 100), (0, 3), (0, 3000), (1, 300), (5, 5), (0, 0)]}
    assert shown == {
        (37, 100): "37% [28–47]",
        (0, 100): "true rate below 3% (95%)",
        (0, 3): "true rate below 64% (95%)",
        (0, 3000): "true rate below 0.1% (95%)",
        (1, 300): "0.3% [0.1–2]",
        (5, 5): "100% [55–100]",
        (0, 0): "no runs",
    }


def test_an_impossible_count_is_refused() -> None:
    with pytest.raises(ValueError, match="6 failures of 5 runs cannot be"):
        rate(6, 5)


def test_budgets_are_written_in_seconds_minutes_hours_or_executions() -> None:
    texts = ["60s", "2m", "1.5h", "0.5s", "500x", " 3 X "]
    assert [Budget.parse(text) for text in texts] == [
        Budget(seconds=60),
        Budget(seconds=120),
        Budget(seconds=5400),
        Budget(seconds=0.5),
        Budget(executions=500),
        Budget(executions=3),
    ]
    assert [str(Budget.parse(text)) for text in texts] == ["60s", "120s", "5400s", "0.5s", "500x", "3x"]


@pytest.mark.parametrize("text", ["", "60", "x", "-3s", "1.5x", "60 seconds", "0s", "0x", "1e3x"])
def test_a_budget_that_is_none_is_refused_in_one_line(text: str) -> None:
    with pytest.raises(ValueError, match="budget") as refusal:
        Budget.parse(text)
    assert "\n" not in str(refusal.value)


def test_a_budget_of_both_kinds_is_spent_with_the_first() -> None:
    budget = Budget(seconds=10, executions=100)
    assert [budget.spent(9.9, 99), budget.spent(10, 1), budget.spent(1, 100)] == [False, True, True]
    assert not Budget().spent(1e9, 10**9)
