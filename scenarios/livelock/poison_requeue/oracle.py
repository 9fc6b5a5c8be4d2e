"""Each order gets an answer, and only two T-shirts exist."""


def check(result):
    assert set(result) == {"order 1", "order 2"}, f"two orders came in, answers went out for {sorted(result)}"
    shipped = [order for order, answer in result.items() if answer == "shipped"]
    assert 1 <= len(shipped) <= 2, f"two T-shirts, at most one walk-in customer, {len(shipped)} orders shipped"
