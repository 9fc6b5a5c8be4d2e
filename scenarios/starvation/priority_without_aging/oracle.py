"""The promise to plain customers: at most two VIP orders that came in later are processed earlier."""

PROMISED = 2
ORDERS = ["VIP 1", "VIP 2", "VIP 3", "VIP 4", "VIP 5", "plain"]


def check(result):
    assert sorted(result) == ORDERS, f"six orders came in, processed were {result}"
    overtaken = result.index("plain")
    assert overtaken <= PROMISED, (
        f"the plain order came in first and still waited while {overtaken} VIP orders were served; "
        f"promised were {PROMISED} at most"
    )
