"""Both orders are charged and packed."""


def check(result):
    expected = ["order 1 charged and packed", "order 2 charged and packed"]
    assert result == expected, f"both orders are to be charged and packed, but: {result}"
