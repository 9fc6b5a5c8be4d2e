"""Five T-shirts, two sold: three must be left."""


def check(result):
    assert result == 3, f"5 T-shirts, 2 sold, but the stock says {result} are left"
