"""Both orders are in the ledger."""


def check(result):
    assert result == 30, f"tea for 10 and coffee for 20 were booked, the ledger says {result} instead of 30"
