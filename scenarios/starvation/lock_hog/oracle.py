"""All lines are in the ledger. (That nobody waits too long is declared in scenario.toml: bypass_bound.)"""


def check(result):
    expected = ["delivery", "delivery", "delivery", "order"]
    assert sorted(result) == expected, f"four lines were to be written, the ledger has {result}"
