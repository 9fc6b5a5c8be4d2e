"""Lines that arrive through a pipe, read without more of `io` than that: a reader costs each child memory."""

from __future__ import annotations

import os


class Lines:
    """The lines that come through one descriptor."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self._rest = b""

    def next(self) -> str:
        """The next line without its end; empty when there will be no more."""
        while b"\n" not in self._rest:
            chunk = os.read(self.descriptor, 65536)
            if not chunk:
                return ""
            self._rest += chunk
        line, self._rest = self._rest.split(b"\n", 1)
        return line.decode()
