"""CPython's own tests of its queues, the pure-Python ones."""

import unittest

from suites import run
from test import test_queue

MANY = "65,536 messages, each of which would be scheduled; done with fewer below"
LEFT_OUT = {
    f"{case}.test_shutdown_{immediate}all_methods_in_many_threads": MANY
    for case in ("PyQueueTest", "PyLifoQueueTest", "PyPriorityQueueTest") for immediate in ("", "immediate_")
}  # fmt: skip


class SmallPyQueueTest(test_queue.PyQueueTest):
    """65,536 messages become 64."""

    def _write_msg_thread(self, q, n, results, i_when_exec_shutdown, *rest):
        super()._write_msg_thread(q, n // 1024, results, i_when_exec_shutdown // 1024, *rest)


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
    return run([*CASES, SmallPyQueueTest, SmallPySimpleQueueTest], LEFT_OUT)
