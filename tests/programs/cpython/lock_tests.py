"""CPython's own tests of its locks and of what stands on them."""

import threading

from suites import run
from test import lock_tests as suite

LEFT_OUT = {
    "ConditionAsRLockTests.test_recursion_count": "CPython leaves it out, too: a Condition does not tell",
}


class LockTests(suite.LockTests):
    locktype = staticmethod(threading.Lock)


class RLockTests(suite.RLockTests):
    locktype = staticmethod(threading.RLock)


class PyRLockTests(suite.RLockTests):
    locktype = staticmethod(threading._PyRLock)


class EventTests(suite.EventTests):
    eventtype = staticmethod(threading.Event)


class ConditionAsRLockTests(suite.RLockTests):
    locktype = staticmethod(threading.Condition)


class ConditionTests(suite.ConditionTests):
    condtype = staticmethod(threading.Condition)


class SemaphoreTests(suite.SemaphoreTests):
    semtype = staticmethod(threading.Semaphore)


class BoundedSemaphoreTests(suite.BoundedSemaphoreTests):
    semtype = staticmethod(threading.BoundedSemaphore)


class BarrierTests(suite.BarrierTests):
    barriertype = staticmethod(threading.Barrier)


CASES = [
    LockTests, RLockTests, PyRLockTests, EventTests, ConditionAsRLockTests, ConditionTests, SemaphoreTests,
    BoundedSemaphoreTests, BarrierTests,
]  # fmt: skip


def main():
    return run(CASES, LEFT_OUT)
