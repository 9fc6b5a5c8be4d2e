"""The pool's promise: whoever waits for the connection is overtaken at most once."""

PROMISED = 1


def check(result):
    assert sorted(result) == ["order asks", "order gets it"] + ["report asks"] * 3 + ["report gets it"] * 3
    meanwhile = result[result.index("order asks") : result.index("order gets it")]
    overtaken = meanwhile.count("report gets it")
    assert overtaken <= PROMISED, (
        f"the order waited for the connection while the report got it {overtaken} times; "
        f"promised was {PROMISED} time at most"
    )
