"""CPython's own tests of threading.local, the pure-Python one."""

from suites import run
from test import test_threading_local as suite

CASES = [suite.PyThreadingLocalTest]
LEFT_OUT = {}


def main():
    return run(CASES, LEFT_OUT)
