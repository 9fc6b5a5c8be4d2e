"""Whatever the desks sent is the order of one desk, and sent once. The declined order is not among them."""


def check(result):
    for statement in result:
        times = result.count(statement)
        assert times == 1, f"{statement!r} was sent {times} times, so another order was not saved: {result}"
    assert "save order 1" not in result, f"order 1 was declined, and was saved all the same: {result}"
