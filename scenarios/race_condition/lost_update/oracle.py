"""The shelf held three T-shirts more than were ordered: three must be left."""


def check(result):
    assert result == 3, f"all orders together leave 3 T-shirts on the shelf, but the stock says {result} are left"
