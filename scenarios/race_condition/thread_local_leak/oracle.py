"""Order 1 is refused; order 2 came from a guest, and is billed to a guest."""


def check(result):
    assert result[0] == "order 1 is out of stock", f"order 1 should have been refused, but: {result[0]}"
    assert result[1] == "order 2 billed to guest", f"order 2 came from a guest, but: {result[1]}"
