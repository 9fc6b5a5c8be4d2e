"""Both clerks have filled in the form, in whatever order."""


def check(result):
    assert sorted(result) == ["anna", "ben"], f"anna and ben each have an order, processed were those of {result}"
