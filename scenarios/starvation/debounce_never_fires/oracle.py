"""The promise to the shop windows: they hear of a change within half a second."""

PROMISED = 0.5


def check(result):
    assert result <= PROMISED, (
        f"the windows waited {result} s for a new price, while one change after the other was served; "
        f"promised were {PROMISED} s"
    )
