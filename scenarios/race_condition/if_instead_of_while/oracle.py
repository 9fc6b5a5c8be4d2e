"""Two packers, two orders: each order is packed once."""


def check(result):
    assert result == ["order 1", "order 2"], f"order 1 and order 2 are to be packed, each once, but: {result}"
