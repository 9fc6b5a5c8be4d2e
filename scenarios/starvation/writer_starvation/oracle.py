"""A window shows the old prices or the new ones, never one of each; in the end the new ones are in the cache."""

OLD = (10, 20)
NEW = (12, 24)


def check(result):
    left, right, cache = result
    assert left in (OLD, NEW), f"the left window shows {left}, prices of two different days"
    assert right in (OLD, NEW), f"the right window shows {right}, prices of two different days"
    assert cache == NEW, f"the update has been made, but the cache says {cache}"
