"""CPython's own tests of threading.local; the one in Python is all that there is in the lab."""

from suites import classes, run
from test import test_threading_local as suite

CASES = classes(suite, {})
LEFT_OUT = {}


def main():
    return run(CASES, LEFT_OUT)
