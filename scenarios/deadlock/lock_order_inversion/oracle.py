"""All bills are paid, each once, and no money appears or disappears."""


def check(result):
    total = result["alice"] + result["bob"]
    assert total == 200, f"200 at the start, {total} at the end: money appeared or disappeared"
    due = 100 - (30 - 10) * result["bills"]
    assert result["alice"] == due, f"alice paid 30 and got 10 each time: she should have {due}, not {result['alice']}"
