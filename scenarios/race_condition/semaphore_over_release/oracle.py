"""Orders 2 and 3 are saved, each once; order 1 is declined."""


def check(result):
    for order_id in ("order 2", "order 3"):
        times = result.count(f"save {order_id}")
        assert times == 1, f"{order_id} was saved {times} times: {result}"
    assert len(result) == 2, f"two orders are to be saved, not {len(result)}: {result}"
