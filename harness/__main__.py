"""`python -m harness COMMAND …`"""

import os
import signal
import sys

if sys.version_info < (3, 11):
    sys.exit("harness: Python 3.11 or newer is needed, this is " + sys.version.split()[0])

INTERRUPTIONS = (signal.SIGINT, signal.SIGTERM)
for number in INTERRUPTIONS:
    signal.signal(number, lambda *_: os._exit(130))  # until there is something to clean up
if hasattr(signal, "pthread_sigmask"):
    signal.pthread_sigmask(signal.SIG_UNBLOCK, INTERRUPTIONS)

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
        signal.pthread_sigmask(signal.SIG_BLOCK, INTERRUPTIONS)  # they wait until the new start can deal with them
        os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


fix_hashes()
from harness.commands import main  # noqa: E402

sys.exit(main(sys.argv[1:]))
