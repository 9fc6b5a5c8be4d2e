"""CPython's own tests of its queues, the pure-Python ones."""

import unittest

from suites import run
from test import test_queue

LEFT_OUT = {}


class SmallPySimpleQueueTest(test_queue.PySimpleQueueTest):
    """50 threads and 10,000 items become 5 and 50: each step is scheduled here."""

    def run_threads(self, n_threads, q, inputs, feed_func, consume_func):
        del inputs[50:]
        return super().run_threads(min(n_threads, 5), q, inputs, feed_func, consume_func)


CASES = [
    case for name, case in vars(test_queue).items()
    if name.startswith("Py") and issubclass(case, unittest.TestCase) and name != "PySimpleQueueTest"
]  # fmt: skip


def main():
    return run([*CASES, SmallPySimpleQueueTest], LEFT_OUT)
