"""Every order is saved, and in the database."""


def check(result):
    assert len(result) == 1, f"one order, but {len(result)} receipts: {result}"
    assert result == ["order 1 saved in orders-db"], f"the order went nowhere: {result[0]!r}"
