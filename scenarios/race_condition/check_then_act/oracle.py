"""However often the customer clicks, the order is charged once."""


def check(result):
    assert result, "the order was not charged at all"
    assert len(result) == 1, f"one order, but {len(result)} charges: {result}"
