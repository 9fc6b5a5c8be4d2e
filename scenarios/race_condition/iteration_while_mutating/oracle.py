"""Each order is worth 25; the two of today are in the report, and late ones may be."""


def check(result):
    assert result >= 50, f"two orders of 25 were open all the time, but the report says {result}"
    assert result % 25 == 0, f"every order is worth 25, but the report says {result}"
