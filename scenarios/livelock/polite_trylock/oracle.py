"""Every order that came in has been processed once."""


def check(result):
    assert result == ["order 1", "order 2"], f"two orders came in, processed were {result}"
