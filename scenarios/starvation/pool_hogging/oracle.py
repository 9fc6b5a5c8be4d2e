"""The supervisor's rule: a shop that does not answer the health check within 0.3 s is restarted."""

PROMISED = 0.3


def check(result):
    assert result <= PROMISED, (
        f"the health check waited {result} s for a worker, while the workers were serving slow downloads; "
        f"after {PROMISED} s the shop is restarted"
    )
