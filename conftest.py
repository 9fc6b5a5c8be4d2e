"""Shares the tests out in halves, and keeps a run from hanging: the last of three layers (killable children,
pytest-timeout, this).
"""

from __future__ import annotations

import os
import sys
import threading

import pytest

_status = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--half", type=int, choices=(1, 2), help="every other test: two such runs make a whole one")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """A file that says so stays together: what its tests share is made once."""
    half = config.getoption("--half")
    if half is None:
        return
    units = list(dict.fromkeys(_unit(item) for item in items))
    chosen = set(units[half - 1 :: 2])
    config.hook.pytest_deselected(items=[item for item in items if _unit(item) not in chosen])
    items[:] = [item for item in items if _unit(item) in chosen]


def _unit(item: pytest.Item) -> str:
    return str(item.path) if item.get_closest_marker("together") else item.nodeid


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
