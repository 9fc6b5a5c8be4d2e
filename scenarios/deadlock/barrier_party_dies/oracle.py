"""Either all three say go, or the stock has a problem and the other two were stopped."""


def check(result):
    good = ["stock: go", "payment: go", "address: go"]
    bad = ["stock: problem", "payment: stopped", "address: stopped"]
    assert result in (good, bad), f"all three go, or none does; but the report says {result}"
