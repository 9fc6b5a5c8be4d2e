"""CPython's own tests of its queues, the pure-Python ones."""

import unittest

from suites import run
from test import test_queue

LEFT_OUT = {}
CASES = [
    case for name, case in vars(test_queue).items()
    if name.startswith("Py") and issubclass(case, unittest.TestCase)
]  # fmt: skip


def main():
    return run(CASES, LEFT_OUT)
