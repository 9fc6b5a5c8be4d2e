"""The world outside the process, as programs reach it: files, directories, databases, sockets, other processes.

All of it is one place, `FileSystem`, that every thread shares: which paths are the same file is not for
the lab to guess. A function of the library that goes there is one step, as every function of the library is,
and reads that place or writes it. What is not known to read only counts as writing.
"""

from __future__ import annotations

import builtins
import functools
import io
import pathlib
import types
from collections.abc import Callable
from typing import Any

from harness.trace import WHOLE
from harness.world.access_types import (
    Effect,
    Touch,
    derives,
    is_a,
    module_of,
)

FILES = (io.FileIO, io.BufferedReader, io.BufferedWriter, io.BufferedRandom, io.TextIOWrapper)

_C_MODULES = frozenset(("posix", "nt", "_io", "io", "_sqlite3", "_socket", "mmap", "fcntl"))
_C_TYPES = frozenset(("posix", "nt", "os", "sqlite3", "_socket", "socket", "mmap"))
_LIFE = frozenset(("__init__", "__enter__", "__exit__", "__iter__", "__next__", "__getitem__", "__setitem__"))
_MODULES = frozenset(
    ("os", "posixpath", "ntpath", "genericpath", "shutil", "tempfile", "pathlib", "glob", "subprocess", "socket",
     "sqlite3", "dbm", "shelve", "fileinput", "zipfile", "tarfile", "filecmp", "linecache", "mmap", "urllib", "http",
     "smtplib", "ftplib", "socketserver", "gzip", "bz2", "lzma", "mailbox")
)  # fmt: skip
_READING = """
    exists lexists isfile isdir islink ismount getsize getmtime getatime getctime samefile sameopenfile realpath
    abspath stat lstat fstat statvfs listdir scandir access readlink getcwd walk fwalk glob iglob glob0 glob1
    rglob iterdir is_file is_dir is_symlink is_mount is_socket is_fifo is_junction read_text read_bytes owner
    group resolve absolute cwd home expanduser which disk_usage read read1 readline readlines readinto readinto1
    readall peek cmp getline getlines"""
_READS = frozenset(_READING.split())
_INSIDE = """
    join split splitext splitdrive splitroot basename dirname normpath normcase commonpath commonprefix isabs
    expandvars relpath fspath fsencode fsdecode getpid getppid urandom cpu_count strerror get_terminal_size
    getenv get_exec_path device_encoding sched_yield sched_getaffinity times getlogin getuid geteuid
    getgid uname fileno readable writable seekable isatty detach getvalue quote unquote urlencode urlparse
    urlsplit urljoin parse_qs parse_qsl quote_plus unquote_plus urlunparse urlunsplit text_encoding
    has_magic escape get_archive_formats get_unpack_formats gettempdir gettempprefix"""
_PURE = frozenset(_INSIDE.split()) | {name for name in dir(pathlib.PurePath) if not name.startswith("__")}


class FileSystem:
    """The place itself; there is one. `changed`: since that was set to False, more has been done than to look at it."""

    __slots__ = ("__weakref__", "changed")

    def __init__(self) -> None:
        self.changed = False


OUTSIDE = FileSystem()
_GOING: set[Effect] = set()


def _root(module: Any) -> str:
    return str(module or "").partition(".")[0]


def stepping_outside(iterator: Any) -> Touch | None:
    """Where taking the next line of a file, or the next name of a directory, goes there."""
    kind = type(iterator)
    if kind is types.GeneratorType:
        frame = iterator.gi_frame
        there = frame is not None and _root(frame.f_globals.get("__name__")) in _MODULES
    elif kind is map:  # which `Path.glob` makes of a generator, from 3.13 on
        return next(filter(None, map(stepping_outside, iterator.__reduce__()[1][1:])), None)
    else:
        there = derives(kind, FILES) or _root(module_of(kind)) in _C_TYPES
    return ("write", OUTSIDE, WHOLE) if there else None


def goes_outside(effect: Effect) -> bool:
    """True for the effects that this file makes."""
    return effect is opening or effect in _GOING


@functools.cache
def _goes(name: str, changes: bool) -> Effect:
    """`changes`: what it is called on changes even where the outside does not, as a file's position when it is read."""
    reads = name in _READS
    there: Touch = ("read" if reads and not changes else "write", OUTSIDE, WHOLE)

    def effect(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
        OUTSIDE.changed = OUTSIDE.changed or not reads
        return [there, *_memory(receiver)]

    _GOING.add(effect)
    return effect


def _memory(file: Any) -> list[Touch]:
    """A BytesIO that a file of text stands on."""
    below = file.buffer if type(file) is io.TextIOWrapper else None
    return [("write", below, WHOLE)] if type(below) is io.BytesIO else []


def opening(receiver: Any, arguments: tuple[Any, ...]) -> list[Touch]:
    """Opening a file only to read it changes nothing."""
    modes = [word for word in arguments[1:] if type(word) is str and set(word) <= set("rwxabt+")]
    changes = any(set(word) & set("wxa+") for word in modes)
    OUTSIDE.changed = OUTSIDE.changed or changes
    return [("write" if changes else "read", OUTSIDE, WHOLE)]


def builtin_outside(function: Any) -> Effect | None:
    """What a function of a C module touches there; None where it stays inside."""
    name = function.__name__
    if function is builtins.open:
        return opening
    if getattr(function.__self__, "__name__", "") not in _C_MODULES or name in _PURE:
        return None
    return _goes(name, False)


def function_outside(function: Any, method: bool) -> Effect | None:
    """The same for a function of the library that is written in Python."""
    name, root = function.__name__, _root(function.__globals__.get("__name__"))
    if root not in _MODULES or name in _PURE or (name.startswith("__") and name not in _LIFE):
        return None
    return _goes(name, method and root != "pathlib")


def method_outside(cls: type, name: str, found: Any) -> Effect | None:
    """The same for a method: what is like a file changes with it, a path does not."""
    if is_a(found, types.FunctionType):
        return function_outside(found, True)
    plain = name in _PURE or (name.startswith("__") and name not in _LIFE)
    if plain or not (derives(cls, FILES) or _root(module_of(cls)) in _C_TYPES):
        return None
    return _goes(name, True)


def making_outside(cls: type) -> Effect | None:
    """The same for making an object of such a class: `TemporaryDirectory()`, `socket()`."""
    root = _root(module_of(cls))
    if root not in _MODULES or root == "pathlib" or derives(cls, (BaseException,)):
        return None
    return _goes(cls.__name__, False)


class Leaving:
    """Stands for a file, say, in a `with` statement, so that its being closed is a step of its own."""

    __slots__ = ("_announce", "_manager")

    def __init__(self, manager: Any, announce: Callable[[], None]) -> None:
        self._manager = manager
        self._announce = announce

    def __enter__(self) -> Any:
        return type(self._manager).__enter__(self._manager)

    def __exit__(self, *error: Any) -> Any:
        self._announce()
        return type(self._manager).__exit__(self._manager, *error)
