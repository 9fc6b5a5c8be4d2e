"""Both tills have been closed."""


def check(result):
    assert result == [1, 2], f"tills 1 and 2 are to be closed, closed were {result}"
