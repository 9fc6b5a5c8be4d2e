"""CPython's own tests of threading.excepthook: threads that crash, on purpose."""

from suites import run
from test import test_threading as suite


def main():
    return run([suite.ExceptHookTests], {})
