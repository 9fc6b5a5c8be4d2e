"""Both bills are paid, each once, and no money appears or disappears."""


def check(result):
    total = result["alice"] + result["bob"]
    assert total == 200, f"200 at the start, {total} at the end: money appeared or disappeared"
    assert result["alice"] == 80, f"alice paid 30 and got 10: she should have 80, not {result['alice']}"
