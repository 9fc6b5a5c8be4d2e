"""Results and errors of a program as text that is the same in every run."""

from __future__ import annotations

import os
import pprint
import re

RESULT_LIMIT = 400
"""Characters of a result that are shown."""

LONGEST = 4000
"""Characters of a text of the program's that are looked through."""

BRIEF = 60
"""Characters of a number or a text among other values."""

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")


def brief(value: object) -> str:
    """`repr` of a plain value; of a long text or number its beginning (of the latter in hex: `repr` refuses it)."""
    if type(value) is str or type(value) is bytes:
        return repr(value) if len(value) <= BRIEF else repr(value[:BRIEF]) + "…"
    if type(value) is int and value.bit_length() > 4 * BRIEF:
        return hex(value)[:BRIEF] + "…"
    return repr(value)


def show_result(value: object) -> str:
    """A result as text: `repr` without addresses, at most RESULT_LIMIT characters; never raises.

    Dicts by their keys: results that are equal are shown alike.
    """
    try:
        text = repr(value)
        if "{" in text[:LONGEST] and not pprint.isrecursive(value):
            text = pprint.saferepr(value)
    except BaseException as error:
        text = f"<{type(value).__name__}, whose repr raised {type(error).__name__}>"
    text = without_addresses(text[:LONGEST])
    return text if len(text) <= RESULT_LIMIT else text[: RESULT_LIMIT - 1] + "…"


def without_addresses(text: str) -> str:
    """What a `repr` says beyond where in memory its object lies."""
    return _ADDRESS.sub("", text)


def show_error(error: BaseException) -> str:
    """What an exception says, without addresses, which differ from run to run; never raises."""
    try:
        return without_addresses(str(error)[:LONGEST])
    except BaseException as another:
        return f"its text cannot be had, for {type(another).__name__} is raised"


def package_hint(error: BaseException, path: str | os.PathLike[str]) -> str:
    """What to do where the program at `path` could not be loaded because it is part of a package; empty elsewhere."""
    if not isinstance(error, ImportError) or "relative import" not in str(error):
        return ""
    directory, file = os.path.split(os.path.realpath(path))
    package, module = os.path.basename(directory), os.path.splitext(file)[0]
    return f"; it is part of a package: put a file beside {package}/ that says `from {package}.{module} import main`"
