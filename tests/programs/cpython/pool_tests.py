"""CPython's own tests of futures and of the thread pool."""

import unittest

from suites import run
from test.test_concurrent_futures import (
    test_as_completed,
    test_future,
    test_init,
    test_shutdown,
    test_thread_pool,
    test_wait,
)

MODULES = [test_as_completed, test_future, test_init, test_shutdown, test_thread_pool, test_wait]
CASES = [
    case for module in MODULES for name, case in vars(module).items()
    if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == module.__name__
    and (name.startswith("ThreadPool") or name == "FutureTests")
]  # fmt: skip
PROCESS = "starts a process of its own"
LEFT_OUT = {
    "test_cancel_futures_wait_false": PROCESS,
    "test_hang_gh83386": PROCESS,
    "test_interpreter_shutdown": PROCESS,
    "test_hang_global_shutdown_lock": "forks",
    "test_idle_thread_reuse": "fails natively, too, where a worker is slow to say that it is idle (gh-117344)",
}


def main():
    return run(CASES, LEFT_OUT)
