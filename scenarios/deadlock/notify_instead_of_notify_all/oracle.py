"""Both orders are paid, so both are shipped."""


def check(result):
    expected = [("order 1", "shipped, 20 EUR paid"), ("order 2", "shipped, 8 EUR paid")]
    assert result == expected, f"both orders are paid and should be shipped, but: {result}"
