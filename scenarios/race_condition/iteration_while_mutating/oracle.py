"""The late order is either in the report or it is not; both are fine."""


def check(result):
    assert result in (50, 100), f"30 + 20 is 50, and 100 with the late order; the report says {result}"
