"""Two pieces were sold out of five."""


def check(result):
    assert result == 3, f"five pieces, two sold, but {result} are left"
