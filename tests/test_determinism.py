"""One program, one schedule, one trace: what is under control, and what is reported where it is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.budget import Budget
from harness.explore import Exploration, Options, explore
from harness.world.program import load_program


def explored(directory: Path, setup: str, work: str, result: str = "log") -> Exploration:
    body = "\n    ".join(work.split("\n"))
    path = directory / "program.py"
    path.write_text(f"""
import threading
log = []
{setup}
def work():
    {body}
def main():
    threads = [threading.Thread(target=work, name=name) for name in ("ann", "bob")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return {result}
""")
    return explore(load_program(path), Options(strategy="exhaustive", budget=Budget(executions=50), keep_going=True))


@pytest.mark.parametrize(
    ("setup", "work", "result"),
    [
        (
            "import contextvars; v = contextvars.ContextVar('v', default=0)",
            "v.set(v.get() + 1); log.append(v.get())",
            [1, 1],
        ),
        ("local = threading.local()", "local.x = getattr(local, 'x', 0) + 1; log.append(local.x)", [1, 1]),
        ("import os", "os.environ['N'] = os.environ.get('N', '') + 'x'", "xx"),
        ("import os", "os.chdir('/tmp'); log.append(os.getcwd())", ["/tmp", "/tmp"]),
        ("import time", "log.append(time.strftime('%Y')); log.append(time.asctime()[-4:])", ["2023"] * 4),
        ("", "log.append(repr(object()))", ["<object object>"] * 2),
        ("import random", "log.append(random.Random(1).random() < 1)", [True, True]),
        ("import string; string.seen = getattr(string, 'seen', 0) + 1", "log.append(string.seen)", [1, 1]),
        ("import json; was = json.dumps; json.dumps = lambda o: was(o) + '!'", "log.append(json.dumps(1))", ["1!"] * 2),
        ("from fractions import Fraction as F; F.seen = getattr(F, 'seen', 0) + 1", "log.append(F.seen)", [1, 1]),
        ("import gc; seen = gc.isenabled(); gc.disable()", "log.append(seen)", [True, True]),
        ("N = float('nan'); t = {N: 0, (N, 1): 0}", "t[N] = t[N, 1] = 1; log.append(len(t))", [2, 2]),
        ("import uuid", "log.append(uuid.uuid4())", None),
        ("import secrets", "log.append(secrets.token_hex(8)); log.append(secrets.randbelow(9))", None),
        ("from os import urandom", "log.append(urandom(8))", None),
        ("from random import SystemRandom", "log.append(SystemRandom().random())", None),
        ("", "log.append(len({'a', 'b', 'c'})); log.append(list({'a', 'b', 'c'})[0] in 'abc')", None),
    ],
)
def test_what_is_under_control_is_the_same_in_every_execution(
    tmp_path: Path, setup: str, work: str, result: object
) -> None:
    found = explored(tmp_path, setup, work, "os.environ['N']" if "environ" in work else "log")
    assert found.outcome.value == "passed", found.message
    if isinstance(result, list) and result[0] == "<object object>":
        assert list(found.results) == ["['<object object>', '<object object>']"]
    elif result is not None:
        assert repr(result) in found.results


@pytest.mark.parametrize(
    ("setup", "work", "parted"),
    [
        ("import uuid", "log.append(str(uuid.uuid1()))", "step 5, ann's write of log (line 6)"),
        ("import posix", "if posix.urandom(8) > b'\\x80': log.append(1)\nlog.append(posix.urandom(8))", "step"),
        ("class O: pass", "log.append(hash(O()))", "step 5, ann's write of log (line 6)"),
        ("import sys; seen = sys.modules.setdefault('seen_before', [])", "seen.append(1)", "step"),
    ],
)
def test_what_is_not_is_reported_with_the_step_where_it_parted(
    tmp_path: Path, setup: str, work: str, parted: str
) -> None:
    found = explored(tmp_path, setup, work)
    assert (found.outcome.value, found.exhausted, found.results) == ("inconclusive", False, {})
    assert found.message.startswith(f"nondeterministic program: {parted}"), found.message


def test_a_result_that_differs_along_one_schedule_is_no_result(tmp_path: Path) -> None:
    found = explored(tmp_path, "import uuid", "pass", "str(uuid.uuid1())")
    assert found.outcome.value == "inconclusive"
    assert found.message.startswith("nondeterministic program: along one schedule main returned '")


def test_the_letters_of_a_temporary_name_decide_nothing(tmp_path: Path) -> None:
    work = "with tempfile.TemporaryDirectory() as place:\n    log.append(os.path.join(place, 'x'))\n    log[-1]"
    found = explored(tmp_path, "import os, tempfile", work, "len(log)")
    assert (found.outcome.value, found.results) == ("passed", {"2": found.executions}), found.message
