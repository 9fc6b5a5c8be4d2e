"""Runs test cases as a program: `run` returns what a person would see of it."""

import unittest


def classes(module, left_out):
    """The module's own test cases, but for those named in `left_out` (name -> reason)."""
    found = {
        name: case for name, case in vars(module).items()
        if isinstance(case, type) and issubclass(case, unittest.TestCase) and case.__module__ == module.__name__
    }  # fmt: skip
    return [case for name, case in found.items() if name not in left_out]


def run(cases, left_out):
    """The tests of all cases, except those named in `left_out` (name or Case.name -> reason)."""
    suite, unknown = unittest.TestSuite(), set(left_out)
    for case in cases:
        for name in unittest.defaultTestLoader.getTestCaseNames(case):
            names = {name, f"{case.__name__}.{name}"} & set(left_out)
            unknown -= names
            if not names:
                suite.addTest(case(name))
    result = unittest.TestResult()
    suite.run(result)
    for test, text in result.failures + result.errors:
        print(f"{test}\n{text}")
    return {
        "run": result.testsRun,
        "failed": sorted(test.id() for test, _ in result.failures + result.errors),
        "skipped": sorted(f"{test.id()}: {reason}" for test, reason in result.skipped),
    }
