"""Keeps a test run from hanging: the last of three layers (killable children, pytest-timeout, this)."""

from __future__ import annotations

import os
import sys
import threading

import pytest

_status = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[_status] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave at once where a test left a non-daemon thread behind: the interpreter would wait for it for ever.

    It runs after every report is written, so the exit code and the JUnit file are the true ones.
    """
    left = [t for t in threading.enumerate() if t is not threading.main_thread() and not t.daemon]
    if left:
        print("threads left running:", ", ".join(t.name for t in left), file=sys.stderr)
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(config.stash.get(_status, 1))
