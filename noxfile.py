"""The lab's tasks: `nox -s reproduce`, `nox -s tests`, `nox -s lint` …; `nox -l` lists them.

The sessions that run the lab need nothing installed, so they use the interpreter that runs nox.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nox

nox.options.sessions = ["lint", "tests", "reproduce"]
nox.options.reuse_existing_virtualenvs = True
# A machine that has one interpreter tests with one; nothing is downloaded behind anyone's back.
nox.options.error_on_missing_interpreters = False

SUPPORTED = ("3.11", "3.12", "3.13")
PACKAGES = (
    "apscheduler<4", "blinker", "cachetools", "expiringdict==1.2.2", "pybreaker", "ratelimit==2.2.1",
    "readerwriterlock", "tenacity==9.2.1", "wrapt",
)  # fmt: skip
TEST_TOOLS = ("pytest", "pytest-timeout", "hypothesis")


def _answers(command: str) -> bool:
    """True if the command is there and starts: pyenv puts shims on PATH that only say they cannot."""
    try:
        return subprocess.run([command, "-c", ""], capture_output=True, timeout=20).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _interpreters() -> list[str]:
    """The running interpreter, always, and every other supported one that this machine has."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = [version for version in SUPPORTED if version != own and _answers(f"python{version}")]
    return [own if _answers(f"python{own}") else sys.executable, *others]


def _lab(session: nox.Session, *command: str) -> None:
    session.run(sys.executable, "-m", "harness", *command, *session.posargs, external=True)


@nox.session(venv_backend="none")
def reproduce(session: nox.Session) -> None:
    """Reproduce every scenario's bug and attack its fix."""
    _lab(session, "reproduce")


@nox.session(venv_backend="none")
def reproduce_everywhere(session: nox.Session) -> None:
    """The same on every Python that is here, 3.13 without the GIL included: the README's table."""
    _lab(session, "reproduce", "--everywhere")


@nox.session(venv_backend="none")
def explore(session: nox.Session) -> None:
    """Controlled search: `nox -s explore -- deadlock/transfer:fixed`."""
    _lab(session, "explore")


@nox.session(venv_backend="none")
def replay(session: nox.Session) -> None:
    """One execution, step by step: `nox -s replay -- TARGET WITNESS`."""
    _lab(session, "replay")


@nox.session(venv_backend="none")
def stress(session: nox.Session) -> None:
    """Free threads, counted: `nox -s stress -- TARGET`."""
    _lab(session, "stress")


@nox.session(python=_interpreters())
def tests(session: nox.Session) -> None:
    """The test suite, on every supported interpreter that is here; its two halves at once, unless told what to run."""
    session.install("-q", *TEST_TOOLS)
    if session.posargs:
        session.run("python", "-m", "pytest", *session.posargs)
        return
    python = shutil.which("python", path=session.bin) or sys.executable
    with tempfile.TemporaryFile() as told:
        halves = [subprocess.Popen([python, "-m", "pytest", "--half=2"], stdout=told, stderr=told)]
        try:
            halves.append(subprocess.Popen([python, "-m", "pytest", "--half=1"]))
            codes = [half.wait() for half in reversed(halves)]
        finally:
            for half in halves:
                half.kill()
        told.seek(0)
        print(told.read().decode(errors="replace"), flush=True)
    if any(codes):
        session.error("tests failed")


@nox.session
def tests_long(session: nox.Session) -> None:
    """The searches that take minutes each."""
    session.install("-q", *TEST_TOOLS)
    session.run("python", "-m", "pytest", "-m", "long", "--timeout", "1800", *session.posargs)


@nox.session(venv_backend="none")
def bench(session: nox.Session) -> None:
    """The figures of harness/README.md, on this machine."""
    for script in sorted(Path("tests/bench").glob("*.py")):
        session.run(sys.executable, str(script), *session.posargs, external=True)


@nox.session
def packages(session: nox.Session) -> None:
    """Packages from the registry, rewritten and explored; two of them have a race."""
    session.install("-q", *TEST_TOOLS, *PACKAGES)
    session.run("python", "-m", "pytest", "tests/test_packages.py", *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Style and types."""
    session.install("-q", "ruff", "mypy", "nox", "pytest")
    session.run("ruff", "check", ".")
    session.run("ruff", "format", "--check", ".")
    session.run("mypy")


@nox.session
def coverage(session: nox.Session) -> None:
    """How much of harness/ the tests execute, child processes included."""
    session.install("-q", "coverage", *TEST_TOOLS)
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", *session.posargs)
    session.run("coverage", "combine", success_codes=[0, 1])
    session.run("coverage", "report", "--show-missing")
