"""The good order is confirmed, the two bad ones are refused."""


def check(result):
    expected = [("order 1", "confirmed"), ("order 2", "refused"), ("order 3", "refused")]
    assert result == expected, f"order 1 is fine, 2 and 3 are not, but the letters say {result}"
