"""`new CLASS/NAME`: a scenario skeleton whose laws fail, with helpful words, until it is filled in."""

from __future__ import annotations

import re
from argparse import Namespace
from pathlib import Path
from typing import Any

from harness import corpus
from harness.commands.console import say
from harness.commands.options import UsageError, proposal

README = """# TODO: the story in one line, without the end

TODO: three or four sentences from the order-processing world: what the program is for, who its threads are, and
what its users complain of. No word about the cause.

## Run this

```
python -m harness reproduce {name}
python -m harness explore {name}
python scenarios/{name}/broken.py
```

## What did you see?

TODO: what to look for in the output, as questions.

## One question

TODO: the question whose answer is the lesson.
"""

PROGRAM = '''"""TODO: one line: what this program does."""

import threading


def process_order(order_id):
    pass  # TODO: the work of one thread


def main():
    threads = [threading.Thread(target=process_order, args=(n,), name=f"order {{n}}") for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return "TODO: what a user would see"


if __name__ == "__main__":
    print(main())
'''

ORACLE = '''"""TODO: what has to be true of the result, for broken and fixed. Delete this where a crash tells enough."""


def check(result):
    assert result, "TODO: say what is wrong in the words of the story"
'''

FACTS = """title = "TODO: one line that does not tell the end"
subclass = "TODO: the field's standard term"
level = 1
tools = ["Lock"]
threads = 2
expect = "{expect}"
witness = ""
hints = [
    "TODO: a nudge",
    "TODO: where to look",
    "TODO: almost the answer",
]
explanation = "TODO: the bad interleaving step by step, shown after success"
provenance = ["classic"]

# [wrong_fixes.lock_only_the_write]
# expect = "{expect}"
# tempts = "TODO: why one would try it"
# fails = "TODO: why it does not hold"
"""

EXPECT = {"race_condition": "violated", "deadlock": "deadlock", "starvation": "starvation", "livelock": "livelock"}


def register(commands: Any) -> None:
    parser = commands.add_parser(
        "new",
        help="a scenario skeleton whose laws fail until it is filled in",
        description="Writes scenarios/CLASS/NAME. `check CLASS/NAME` then says what is still missing.",
    )
    parser.add_argument("name", metavar="CLASS/NAME", help=f"CLASS is one of {', '.join(corpus.CLASSES)}")
    parser.set_defaults(run=run)


def run(options: Namespace) -> int:
    bug_class, _, name = options.name.partition("/")
    if bug_class not in corpus.CLASSES:
        known = f"write CLASS/NAME, where CLASS is one of {', '.join(corpus.CLASSES)}"
        raise UsageError(f"{options.name!r}: {known}{proposal(bug_class, corpus.CLASSES)}")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
        raise UsageError(f"{options.name!r}: a name is lower case with underscores, as in lost_update")
    directory = corpus.ROOT / bug_class / name
    if directory.exists():
        raise UsageError(f"{options.name} is there already: {corpus.shown(directory)}")
    for other in corpus.directories():
        if other.name == name:
            raise UsageError(f"{corpus.name_of(other)} has that name already; one is enough to tell a scenario by")
    try:
        _write(directory, options.name, EXPECT[bug_class])
    except OSError as error:
        raise UsageError(f"cannot write {corpus.shown(directory)}: {error.strerror}") from None
    say(
        f"{corpus.shown(directory)} is there: fill it in, "
        f"and `python -m harness check {options.name}` says what is missing"
    )
    return 0


def _write(directory: Path, name: str, expect: str) -> None:
    directory.mkdir(parents=True)
    files = {
        "README.md": README.format(name=name),
        "broken.py": PROGRAM.format(),
        "fixed.py": PROGRAM.format(),
        "oracle.py": ORACLE,
        "scenario.toml": FACTS.format(expect=expect),
    }
    for file, text in files.items():
        (directory / file).write_text(text, encoding="utf-8")
