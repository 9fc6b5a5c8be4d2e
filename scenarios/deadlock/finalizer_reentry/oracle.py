"""The board has one line, and shows the newest message on it."""


def check(result):
    assert len(result) == 1, f"the board has one line, but shows {len(result)}: {result}"
