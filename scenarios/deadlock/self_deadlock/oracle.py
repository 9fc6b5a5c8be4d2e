"""Two on the shelf, one sold, five delivered: six are left, and there is at most one alarm."""


def check(result):
    assert result["left"] == 6, f"2 - 1 + 5 is 6, but the shelf counts {result['left']}"
    assert len(result["notes"]) <= 1, f"one order raised more than one alarm: {result['notes']}"
