"""Both orders are packed, in the order in which they came."""


def check(result):
    assert result == ["order 1", "order 2"], f"order 1 and then order 2 are to be packed, but: {result}"
