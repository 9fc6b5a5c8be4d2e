"""What a loop calls: C code that asks or changes the world outside, of which no state can tell.

A file descriptor is a number, whatever has been read from it; `sys.setrecursionlimit` changes no object.
While a loop is led through, each thread in it has a profile function that sees every call, those of
C code too; an audit hook (which stays for good) sees what CPython audits, from the tail's first step on.
"""

from __future__ import annotations

import io
import sys
from types import FrameType, ModuleType
from typing import Any, Protocol

from harness.world.state_code import HARNESS, is_outside

AUDITED = ("open", "os.", "socket.", "subprocess.", "shutil.", "glob.", "pathlib.", "sqlite3.", "urllib.", "tempfile.")
"""Audit events, by their beginning, of code that asks or changes the world outside the program."""

_OUTSIDE = frozenset((
    "posix", "nt", "select", "_socket", "_ssl", "fcntl", "termios", "resource", "mmap", "signal", "_signal",
    "_posixsubprocess", "_posixshmem", "_multiprocessing", "time", "gc", "sys", "_locale", "_ctypes", "_uuid", "uuid",
    "tempfile", "warnings", "atexit", "tracemalloc", "_tracemalloc",
))  # fmt: skip
"""Modules whose functions touch what is not an object of the program's."""

_HARMLESS = frozenset((
    "posix.fspath", "posix.getpid", "posix._path_splitroot_ex", "posix._path_normpath",
    "sys._getframe", "sys.exc_info", "sys.exception", "sys.intern", "sys.audit",
    "sys.getdefaultencoding", "sys.getfilesystemencoding", "sys.is_finalizing", "sys.setprofile", "sys.getprofile",
    "sys.getsizeof", "sys._getframemodulename", "sys._current_frames", "warnings.warn", "_warnings.warn",
))  # fmt: skip
_CONTEXTS = frozenset(("getcontext", "setcontext", "localcontext"))
"""Functions of decimal that read or change what belongs to the thread."""

_COUNTING = "calling"
"""The lab's stand-in for a cached function, which looks at the size of its cache itself."""

_LABS = frozenset(("gc", "sys"))
"""Modules that the lab's hooks use themselves."""


class Watcher(Protocol):
    """Who is told."""

    def touched(self, what: str) -> None: ...

    def cache_is_read(self) -> None: ...

    def is_seen(self, name: str) -> bool: ...


_watcher: Watcher | None = None
_calls = _paused = False
_hooked = False


def listen(watcher: Watcher | None) -> None:
    """From now on `watcher` is told when this process touches the world outside."""
    global _watcher, _hooked
    _watcher = watcher
    unwatch()
    if watcher is not None and not _hooked:
        _hooked = True
        sys.addaudithook(_audit)


def watch() -> None:
    """From now on the calls of the running thread are looked at, until `unwatch`."""
    global _calls
    _calls = True
    known = sys.getprofile()
    if known is None:
        sys.setprofile(_profile)
    elif known is not _profile and _watcher is not None:
        _watcher.touched("runs under a profiler of its own")


def unwatch() -> None:
    """No thread's calls are looked at any more; each takes its profile function off with its next call."""
    global _calls
    _calls = False
    if sys.getprofile() is _profile:
        sys.setprofile(None)


def pause(paused: bool) -> None:
    """The lab's own calls, made while it looks at the state, do not count."""
    global _paused
    _paused = paused


def _audit(event: str, args: Any) -> None:
    if _watcher is not None and event.startswith(AUDITED):
        caller = sys._getframe(1).f_code.co_filename
        if not caller.startswith((HARNESS, "<frozen importlib")):  # not the lab's own doing, nor an import
            _watcher.touched(f"touches the world outside ({event})")


def _profile(frame: FrameType, event: str, argument: Any) -> None:
    watcher = _watcher
    if watcher is None or not _calls:
        sys.setprofile(None)
    elif _paused:
        pass
    elif event == "c_call":
        _called(watcher, frame, argument)
    elif event == "call":
        _entered(watcher, frame)


def _called(watcher: Watcher, frame: FrameType, function: Any) -> None:
    owner = function.__self__
    if isinstance(owner, ModuleType) or owner is None:
        module = function.__module__ or ""
        name = f"{module}.{function.__name__}"
        if module in _LABS and frame.f_code.co_filename.startswith(HARNESS):
            return
        if function.__name__ in _CONTEXTS or module in _OUTSIDE and name not in _HARMLESS:
            watcher.touched(f"touches the world outside ({name.replace('posix', 'os')})")
        elif not is_outside(module) and module:
            watcher.touched(f"calls {name}, whose state nobody sees")
    elif function.__name__ == "cache_info" and frame.f_code.co_name != _COUNTING:
        watcher.cache_is_read()
    elif isinstance(owner, io.IOBase) and not isinstance(owner, (io.StringIO, io.BytesIO)):
        watcher.touched(f"touches the world outside ({type(owner).__name__}.{function.__name__})")


def _entered(watcher: Watcher, frame: FrameType) -> None:
    name = frame.f_globals.get("__name__")
    if name in _OUTSIDE and f"{name}.{frame.f_code.co_name}" not in _HARMLESS:
        if not frame.f_code.co_filename.startswith(HARNESS):
            watcher.touched(f"touches the world outside ({name}.{frame.f_code.co_name})")
    elif type(name) is str and not watcher.is_seen(name):
        package = name.partition(".")[0]
        watcher.touched(f"calls {package}, whose state is not looked into (--instrument {package})")
