"""The terminal's side of a command: closed or ASCII streams, signals, progress."""

from __future__ import annotations

import codecs
import os
import shutil
import signal
import sys
import time
from types import FrameType
from typing import TextIO

_ASCII = {"…": "...", "–": "-", "—": "-", "×": "x", "±": "+/-", "≥": ">=", "≤": "<="}


INTERRUPTED = 130
PATIENCE = 1.0
"""Seconds that cleaning up may take after an interruption; children end by themselves when their parent is gone."""


def prepare() -> None:
    """Make output safe on every terminal, and Ctrl-C and SIGTERM exceptions that end the process soon.

    Where the current directory was removed, it is the root's: some interpreters cannot even import there.
    """
    for descriptor in range(3):
        _keep_open(descriptor)
    try:
        os.getcwd()
    except OSError:
        os.chdir(os.sep)
    codecs.register_error("plain", _plain_words)
    for stream in (sys.stdout, sys.stderr):
        if stream is not None and hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="plain")
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)


def _keep_open(descriptor: int) -> None:
    """A closed standard stream's number must not come to mean some pipe of the harness."""
    try:
        os.fstat(descriptor)
    except OSError:
        os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _plain_words(error: UnicodeError) -> tuple[str, int]:
    """For codecs: what to write instead of characters that the stream's encoding does not have."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(_ASCII.get(c, "?") for c in error.object[error.start : error.end]), error.end


def _interrupt(number: int, frame: FrameType | None) -> None:
    """The first time an exception, so that everybody cleans up; a second one, or too slow a cleaning, is the end."""
    for again in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM):
        signal.signal(again, lambda *_: os._exit(INTERRUPTED))
    signal.setitimer(signal.ITIMER_REAL, PATIENCE)
    raise KeyboardInterrupt


def cleaned_up() -> None:
    """Whoever had to clean up after an interruption has done it in time."""
    signal.setitimer(signal.ITIMER_REAL, 0)


def say(text: str) -> None:
    """Print a finished piece of output at once; nobody waits for a buffer.

    Where the reader is gone (`| head`) it goes nowhere: the work, its files and its exit code are as they would be.
    """
    try:
        print(text, flush=True)
    except BrokenPipeError:
        discard_output()


def discard_output() -> None:
    """Nobody takes standard output any more: write no more, and let the interpreter end quietly."""
    _discard(sys.__stdout__)


def complain(text: str) -> None:
    """A line on standard error, as far as that takes any."""
    try:
        print(text, file=sys.stderr, flush=True)
    except OSError:
        _discard(sys.__stderr__)


def _discard(stream: TextIO | None) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    if stream is not None:
        os.dup2(nowhere, stream.fileno())


class Progress:
    """One line on standard error that tells how far the work is; only where a person watches.

    Elsewhere `done` prints a line per finished piece, unless standard output goes to the same place and
    tells it already.
    """

    INTERVAL = 0.1

    def __init__(self, when: str = "auto") -> None:
        stream = sys.stderr
        self.live = stream is not None and when != "never" and stream.isatty()
        self.lines = not self.live and (when == "always" or (when == "auto" and not _same_place()))
        self._shown = ""
        self._last = 0.0

    def show(self, text: str) -> None:
        """Replace the line; a terminal is not bothered more often than it can be read."""
        now = time.monotonic()
        if self.live and now - self._last >= self.INTERVAL:
            self._last = now
            self._write(text[: shutil.get_terminal_size().columns - 1])

    def done(self, text: str) -> None:
        """A piece of work is finished."""
        self.clear()
        if self.lines:
            print(text, file=sys.stderr, flush=True)

    def clear(self) -> None:
        if self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(len(self._shown)) + "\r" + text)
        sys.stderr.flush()
        self._shown = text


def _same_place() -> bool:
    try:
        return os.path.sameopenfile(1, 2)
    except OSError:
        return False
