"""The command line: one module per command, and what is the same for all of them: errors, signals, exit codes."""

from __future__ import annotations

import errno
import sys
import traceback
from collections.abc import Sequence

from harness.children.parents import HarnessFault
from harness.commands import check, explore, listing, new, replay, reproduce, stress
from harness.commands.console import INTERRUPTED, cleaned_up, complain, discard_output, prepare
from harness.commands.options import Parser, PlainHelp, UsageError
from harness.explore import WitnessError
from harness.world.program import TargetError

OK, USAGE, FAULT = 0, 2, 4
REFUSALS = {errno.EMFILE, errno.ENFILE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.ENOMEM, errno.EAGAIN}
"""What the system answers where there are not enough files, room, memory or processes."""

# `register(add_parser)` of each gives the command its options and sets `run`; a new command is one line here.
COMMANDS = (listing, reproduce, explore, replay, stress, new, check)

ABOUT = "Heisenlab: makes concurrency bugs in Python threads appear, and proves fixes."

EPILOG = """\
TARGET is a scenario (deadlock/transfer, a part of its name, or a glob) with an
optional :broken, :fixed or :attempt, or a path to any .py file with a main().

exit codes
  0    what was expected
  1    a failure where none should be: a fix does not hold, or explore found one
  2    usage, or a target that cannot be loaded
  3    a broken program not reproduced (or a fix not decided) within its budget
  4    the harness's own fault, or a witness that diverged
  130  interrupted
"""


def parser() -> Parser:
    top = Parser(prog="python -m harness", description=ABOUT, epilog=EPILOG, formatter_class=PlainHelp)
    commands = top.add_subparsers(metavar="COMMAND", dest="command", required=True, title="commands")
    for module in COMMANDS:
        module.register(commands)
    return top


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit code. Nothing but the harness's own fault leaves a traceback."""
    prepare()
    try:
        options, unknown = parser().parse_known_args(arguments)
        if unknown:
            options.parser.refuse(unknown[0])
        options.arguments = list(arguments)
        code: int = options.run(options)
        sys.stdout.flush() if sys.stdout else None
        return code
    except (TargetError, WitnessError, UsageError) as error:
        return _complain(str(error), USAGE)
    except HarnessFault as error:
        return _complain(str(error), FAULT)
    except BrokenPipeError:
        discard_output()
        return OK
    except KeyboardInterrupt:
        cleaned_up()
        return INTERRUPTED
    except Exception as error:
        if isinstance(error, OSError) and error.errno in REFUSALS:
            discard_output()  # it may be what there is no room for
            return _complain(f"the system refuses: {error.strerror}", FAULT)
        traceback.print_exc()
        return _complain("this is a fault of the harness, not of the program it ran", FAULT)


def _complain(message: str, code: int) -> int:
    complain(f"harness: {' '.join(message.split())}")
    return code
