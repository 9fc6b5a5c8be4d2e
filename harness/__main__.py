"""`python -m harness COMMAND …`"""

import os
import sys

if sys.version_info < (3, 11):
    sys.exit("harness: Python 3.11 or newer is needed, this is " + sys.version.split()[0])

SEED, BEFORE = "PYTHONHASHSEED", "HEISENLAB_PYTHONHASHSEED"


def fix_hashes() -> None:
    """Start again, once, with a fixed hash seed: only then workers can be forked, which is ten times as fast."""
    if BEFORE in os.environ:
        before = os.environ.pop(BEFORE)
        os.environ.pop(SEED, None)
        if before:
            os.environ[SEED] = before
    elif sys.flags.hash_randomization and hasattr(os, "fork"):
        os.environ[BEFORE] = os.environ.get(SEED, "")
        os.environ[SEED] = "0"
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


fix_hashes()
try:
    from harness.commands import main

    code = main(sys.argv[1:])
except KeyboardInterrupt:
    code = 130
sys.exit(code)
