"""CPython's own tests of Thread and what is around it: names, daemons, excepthook, enumerate, join, Timer."""

from suites import run
from test import test_threading as suite

CASES = [
    suite.ThreadTests, suite.ThreadingExceptionTests, suite.ExceptHookTests, suite.TimerTests, suite.MiscTestCase,
]  # fmt: skip
LEFT_OUT = {}


def main():
    return run(CASES, LEFT_OUT)
