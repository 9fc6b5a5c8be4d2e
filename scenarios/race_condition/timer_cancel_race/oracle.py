"""Paid or cancelled, either is fine; but the customer gets exactly one letter."""


def check(result):
    assert len(result) == 1, f"one order, but {len(result)} letters: {result}"
    assert result[0] in ("Your order is paid.", "Your order is cancelled."), f"what a letter: {result[0]!r}"
