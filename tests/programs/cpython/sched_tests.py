"""CPython's own tests of `sched`, which threads share and which waits."""

from suites import run
from test import test_sched as suite

CASES = [suite.TestCase]


def main():
    return run(CASES, {})
