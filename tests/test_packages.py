"""Other people's packages in the lab, as they come from the registry: `nox -s packages` installs them.

Each is rewritten whole (`--instrument`), over several files and with relative imports, and explored over the real
command line with a small driver from tests/programs/packages/.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROGRAMS = ROOT / "tests" / "programs" / "packages"


def explore(driver: str, package: str, *options: str) -> dict[str, Any]:
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: nox -s packages")
    command = [sys.executable, "-m", "harness", "explore", str(PROGRAMS / f"{driver}.py"), "--instrument", package]
    done = subprocess.run(
        [*command, "--json", "--budget", "20s", *options], cwd=ROOT, capture_output=True, text=True, timeout=100
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def replay(driver: str, package: str, witness: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "harness", "replay", str(PROGRAMS / f"{driver}.py"), witness, "--json"]
    done = subprocess.run([*command, "--instrument", package], cwd=ROOT, capture_output=True, text=True, timeout=100)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("driver", "package", "results"),
    [
        ("blinker_signals", "blinker", {"['news']", "[]"}),
        ("cachetools_locked", "cachetools", {"(1, 4)", "(2, 4)"}),
        ("ratelimit_window", "ratelimit", {"[0, 0, 60]"}),
        ("pybreaker_reset", "pybreaker", {"(['CircuitBreakerError', 'CircuitBreakerError', 'OSError'], 'closed')"}),
        ("readerwriterlock_fair", "readerwriterlock", {"'readers together, writers alone'"}),
        ("wrapt_synchronized", "wrapt", {"3"}),
    ],
)
def test_correct_use_of_a_package_holds_in_every_interleaving(driver: str, package: str, results: set[str]) -> None:
    found = explore(driver, package)
    assert (found["outcome"], found["message"], found["exhausted"]) == ("passed", "", True)
    assert set(found["results"]) == results


def test_a_race_in_expiringdict_two_threads_get_two_values_from_one_setdefault() -> None:
    """Its README promises thread-safety, and each method takes the lock; setdefault, inherited, takes it thrice."""
    found = explore("expiringdict_setdefault", "expiringdict")
    assert found["outcome"] == "violated"
    assert "two sessions where setdefault promises one" in found["message"]
    assert found["preemptions"] == 1
    again = replay("expiringdict_setdefault", "expiringdict", found["minimal_witness"])
    assert (again["outcome"], again["message"], again["diverged"]) == ("violated", found["message"], None)


def test_the_same_race_raises_keyerror_where_the_key_is_popped_in_between() -> None:
    found = explore("expiringdict_popped", "expiringdict")
    assert found["outcome"] == "crashed"
    assert found["message"].startswith("lookup: KeyError: 'key' (__init__.py:")


def test_a_race_in_tenacity_a_retry_of_one_thread_clears_what_another_one_counts_with() -> None:
    """9.2.1 keeps one dict of statistics for a decorated function; counting in it raises KeyError then."""
    found = explore("tenacity_statistics", "tenacity")
    assert found["outcome"] == "crashed"
    assert (
        found["message"].partition("KeyError: ")[2].startswith(("'idle_for' (__init__.py:", "'attempt_number' (__init"))
    )
    again = replay("tenacity_statistics", "tenacity", found["minimal_witness"])
    assert (again["outcome"], again["message"], again["diverged"]) == ("crashed", found["message"], None)


def test_a_scheduler_finds_its_triggers_as_entry_points_and_half_a_minute_costs_nothing() -> None:
    found = explore("apscheduler_interval", "apscheduler", "--budget", "20x")
    assert (found["outcome"], found["message"], found["executions"]) == ("passed", "", 20)
    assert list(found["results"]) == ["[10, 20, 30]"]


def test_a_cache_shared_against_its_documentation_breaks() -> None:
    found = explore("cachetools_shared", "cachetools")
    assert found["outcome"] in ("crashed", "violated")
