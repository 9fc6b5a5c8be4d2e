"""A witness is followed exactly, survives harmless edits, and says where it no longer fits; steps can be looked at."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from harness.execution import Runner
from harness.explore import Options, Replay, explore, replay
from harness.outcome import Outcome
from harness.report.search import replay_line
from harness.schedule import Witness
from harness.strategies.replay import Roughly
from harness.world.program import load_program

ROOT = Path(__file__).resolve().parent.parent

BANK = """
import threading
class Account:
    def __init__(self):
        self.balance = 0
def deposit(account):
    seen = account.balance
    account.balance = seen + 1
def main():
    account = Account()
    threads = [threading.Thread(target=deposit, args=(account,), name=name) for name in ("ann", "bob")]
    for t in threads: t.start()
    for t in threads: t.join()
    assert account.balance == 2, account.balance
"""

TURN = "ann@write+Account.balance=bob"


def write(directory: Path, source: str = BANK) -> Path:
    path = directory / "bank.py"
    path.write_text(textwrap.dedent(source), encoding="utf-8")
    return path


def witness(path: Path, outcome: str = "violated", *turns: str) -> str:
    return ":".join(["h1", outcome, load_program(path).digest, *turns])


def replayed(path: Path, text: str) -> Replay:
    return replay(load_program(path), text, Options())


def command(*arguments: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "harness", "replay", *map(str, arguments)],
        cwd=ROOT, input=stdin, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


# Following.


def test_a_witness_leads_to_its_failure_in_every_new_process(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = witness(path, "violated", TURN)
    answers = {(a.returncode, a.stdout) for a in (command(path, text) for _ in range(5))}
    assert len(answers) == 1
    ((code, shown),) = answers
    assert code == 0
    assert "VIOLATED  MainThread: assertion failed (bank.py:14): 1" in shown


def test_what_fits_only_roughly_takes_the_first_of_the_order_that_is_enabled(tmp_path: Path) -> None:
    runner = Runner(load_program(write(tmp_path)))
    found = runner.record(Roughly([2, 0, 0, 0, 0, 0, 0, 2, 1, 1, 1, 2, 2]), 1_000)
    assert [s.thread for s in found.trace.steps if s.object == "Account.balance"] == ["bob", "ann", "ann", "bob"]


NAMES = ['o\'brien "x" $HOME `id` *', "žluť/ü ; rm -rf", "same", "same", "日本", "\n", "fair", "x:y=z@w+q,2"]


def test_whatever_threads_are_called_the_printed_line_is_pasted_into_a_shell_as_it_is(tmp_path: Path) -> None:
    path = write(tmp_path, BANK.replace('("ann", "bob")', repr(NAMES)).replace("== 2", "== 8"))
    found = subprocess.run(
        [sys.executable, "-m", "harness", "explore", path, "--strategy", "random", "--seed", "3"],
        cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    line = found.stdout.splitlines()[-1].removeprefix("  replay   python ")
    for shell in ("sh", "bash"):
        again = subprocess.run(
            [shell, "-c", f"{sys.executable} {line} --json"],
            cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (again.stderr, again.returncode) == ("", 0)
        assert (json.loads(again.stdout)["outcome"], json.loads(again.stdout)["diverged"]) == ("violated", None)


EARLY = """
    import threading
    ready = threading.Event()
    def serve():
        ready.set()
    def main():
        threading.Thread(target=serve, name="server").start()
        assert ready.wait(5), "gave up"
"""


def test_a_witness_says_that_timeouts_fired_early(tmp_path: Path) -> None:
    program = load_program(write(tmp_path, EARLY))
    found = explore(program, Options(early_timeouts=True))
    assert found.minimal_witness == f"h1:violated:{program.digest}:early"
    assert replayed(tmp_path / "bank.py", found.minimal_witness).diverged is None
    without = replayed(tmp_path / "bank.py", f"h1:violated:{program.digest}")
    assert without.diverged == "diverged: the witness says violated, this execution ended passed after 9 steps"


def test_the_printed_line_carries_the_options_that_the_failure_needs(tmp_path: Path) -> None:
    (tmp_path / "locks").mkdir()
    (tmp_path / "locks" / "__init__.py").write_text(BANK, encoding="utf-8")
    path = tmp_path / "uses it.py"
    path.write_text("import locks\ndef main(): locks.main()\n", encoding="utf-8")
    found = explore(load_program(path), Options(instrument=("locks",), max_steps=900))
    assert (found.minimal_witness or "").startswith(f"h1:violated:{found.program_digest}:instrument+locks:")
    options = replay_line(found).partition(found.minimal_witness or "?")[2]
    assert (found.outcome, options) == (Outcome.VIOLATED, " --max-steps=900")
    shown = command(path, found.minimal_witness, *options.split())
    assert (shown.returncode, "VIOLATED" in shown.stdout) == (0, True)


# Edits.

EDITS = {
    "a comment": ("    seen = account.balance\n", "    # look first\n    seen = account.balance  # how much?\n"),
    "blank lines": ("def main():\n", "\n\n\ndef main():\n"),
    "a line that does nothing": ("    seen = account.balance\n", "    pass\n    seen = account.balance\n"),
    "a local variable": ("    seen = account.balance\n", "    one = 1\n    seen = account.balance\n"),
    "a function nobody calls": ("def main():\n", "def unused(account):\n    account.balance = 9\n\ndef main():\n"),
    "an import": ("import threading\n", "import threading\nimport json\n"),
}


@pytest.mark.parametrize("edit", EDITS)
def test_a_harmless_edit_leaves_the_witness_valid(edit: str, tmp_path: Path) -> None:
    text = witness(write(tmp_path), "violated", TURN)
    edited = write(tmp_path, BANK.replace(*EDITS[edit]))
    found = replayed(edited, text)
    assert (found.diverged, found.outcome) == (None, Outcome.VIOLATED)
    assert found.edited is (edit not in ("a comment", "blank lines"))


def test_another_file_beside_the_program_leaves_the_witness_valid(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = witness(path, "violated", TURN)
    (tmp_path / "helpers.py").write_text("balance = 0\n", encoding="utf-8")
    assert replayed(path, text).diverged is None


def test_the_digest_tells_an_edited_program_from_one_with_other_comments(tmp_path: Path) -> None:
    path = write(tmp_path)
    before = load_program(path).digest
    same = [load_program(write(tmp_path, BANK.replace(*EDITS[e]))).digest for e in ("a comment", "blank lines")]
    other = load_program(write(tmp_path, BANK.replace(*EDITS["a local variable"]))).digest
    assert same == [before, before]
    assert other != before


def test_a_fixed_program_is_said_to_have_been_edited_never_silently_passed(tmp_path: Path) -> None:
    text = witness(write(tmp_path), "violated", TURN)
    fixed = BANK.replace("def deposit(account):", "lock = threading.Lock()\ndef deposit(account):\n  with lock:")
    path = write(tmp_path, fixed)
    found = replayed(path, text)
    assert found.diverged is not None
    assert found.diverged.endswith(f"(the program was edited: its digest is {load_program(path).digest})")
    for how in ([], ["--step", "3"], ["--pdb"]):
        shown = command(path, text, *how)
        assert (shown.returncode, "DIVERGED" in shown.stdout) == (4, True)


def test_an_edited_program_that_still_fails_so_is_said_to_have_been_edited(tmp_path: Path) -> None:
    text = witness(write(tmp_path), "violated", TURN)
    shown = command(write(tmp_path, BANK.replace(*EDITS["a local variable"])), text)
    assert (shown.returncode, shown.stdout.splitlines()[-1]) == (
        0, "  (the program was edited since this witness was written, and it still fits)",
    )  # fmt: skip


# Saying where it does not fit.

DEPARTURES = {
    "the operation never comes": (
        ["ann@write+Account.name=bob"],
        "diverged at step 10: expected ann to write Account.name, enabled are MainThread (join ann), bob (begin)",
    ),
    "it does not come often enough": (
        ["ann@write+Account.balance,2=bob"],
        "diverged at step 10: expected ann to write Account.balance for the 2nd time, "
        "enabled are MainThread (join ann), bob (begin)",
    ),
    "who is to go on cannot": (
        ["ann@write+Account.balance=MainThread"],
        "diverged at step 9: expected MainThread to go on where ann is about to write Account.balance, "
        "enabled are ann (write Account.balance), bob (begin)",
    ),
    "there is no such thread": (
        ["eve@write+Account.balance=bob"],
        "diverged at step 17: expected eve to write Account.balance, but the execution ended passed after 16 steps",
    ),
    "it ends otherwise": ([], "diverged: the witness says violated, this execution ended passed after 16 steps"),
}


@pytest.mark.parametrize("case", DEPARTURES)
def test_a_witness_that_does_not_fit_says_where_and_what_was_expected(case: str, tmp_path: Path) -> None:
    turns, says = DEPARTURES[case]
    path = write(tmp_path)
    assert replayed(path, witness(path, "violated", *turns)).diverged == says


def test_exit_codes_tell_a_diverged_witness_from_a_malformed_one(tmp_path: Path) -> None:
    path = write(tmp_path)
    diverged = command(path, witness(path, "deadlock"), "--json")
    assert (diverged.returncode, json.loads(diverged.stdout)["diverged"]) == (
        4, "diverged: the witness says deadlock, this execution ended passed after 16 steps",
    )  # fmt: skip
    malformed = command(path, witness(path, "violated", "ann@write"))
    assert (malformed.returncode, malformed.stdout) == (2, "")
    assert malformed.stderr == "harness: witness: 'ann@write' is no turn, expected THREAD@OPERATION+OBJECT=THREAD\n"


# Looking at steps.


def test_all_steps_shows_what_the_picture_leaves_out(tmp_path: Path) -> None:
    path = write(tmp_path)
    text = witness(path, "violated", TURN)
    short, full = command(path, text).stdout, command(path, text, "--all-steps").stdout
    assert ("start ann" in short, "start ann" in full) == (False, True)
    assert "replay --all-steps shows them" in short


def test_one_step_is_told_with_its_source_its_state_and_where_the_others_stand(tmp_path: Path) -> None:
    path = write(tmp_path)
    shown = command(path, witness(path, "violated", TURN), "--step", "10")
    assert shown.stdout.splitlines() == [
        "step 10 of 14: bob  write Account.balance = 1",
        "  at       bank.py:8",
        "        6  def deposit(account):",
        "        7      seen = account.balance",
        "  ->    8      account.balance = seen + 1",
        "        9  def main():",
        "       10      account = Account()",
        "  state    Account.balance = 1",
        "  beside   MainThread, last: join ann … waits (bank.py:13)",
        "  beside   ann, last: read Account.balance = 0 (bank.py:7)",
    ]
    missing = command(path, witness(path, "violated", TURN), "--step", "99")
    assert (missing.returncode, missing.stderr) == (
        2, "harness: --step 99: there is none, the execution has the steps 1 to 14\n",
    )  # fmt: skip


def test_the_debugger_stops_at_the_failing_step_in_its_thread_with_the_programs_own_frames(tmp_path: Path) -> None:
    path = write(
        tmp_path, BANK.replace("    account.balance = seen + 1", "    account.balance = seen + 1\n    assert seen")
    )
    shown = command(path, witness(path, "violated", TURN), "--pdb", stdin="where\np seen, account.balance\nnext\nq\n")
    lines = shown.stdout.splitlines()
    assert lines[:6] == [
        "stopping at step 10: bob is about to write Account.balance",
        f"> {path}(8)deposit()",
        "-> account.balance = seen + 1",
        f"(pdb) > {path}(8)deposit()",
        "-> account.balance = seen + 1",
        "(pdb) (0, 0)",
    ]
    assert "harness" not in "".join(lines[:8]).replace(str(tmp_path), "")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert lines[-1] == "VIOLATED  bob: assertion failed (bank.py:9)"


def test_the_debugger_stops_at_the_step_asked_for_and_goes_on_at_the_end_of_input(tmp_path: Path) -> None:
    path = write(tmp_path)
    shown = command(path, witness(path, "violated", TURN), "--pdb", "--step", "9", stdin="p sorted(vars())\n")
    assert shown.stdout.startswith("stopping at step 9: bob is about to read Account.balance\n")
    assert "-> seen = account.balance\n(pdb) ['account']\n" in shown.stdout
    assert shown.stdout.endswith("VIOLATED  MainThread: assertion failed (bank.py:14): 1\n")
    assert shown.returncode == 0


def test_the_debugger_shows_a_crash_where_it_happens(tmp_path: Path) -> None:
    path = write(tmp_path, BANK.replace("account.balance = seen + 1", "account.balance = 1 // seen"))
    shown = command(path, witness(path, "crashed"), "--pdb", stdin="next\np seen\ncontinue\n")
    assert "ZeroDivisionError" in shown.stdout
    assert "(pdb) 0\n" in shown.stdout
    assert "CRASHED" in shown.stdout


def test_a_person_and_a_program_cannot_both_be_talked_to(tmp_path: Path) -> None:
    path = write(tmp_path)
    shown = command(path, witness(path), "--pdb", "--json")
    assert (shown.returncode, shown.stderr) == (
        2, "harness: --pdb talks to a person, --json to a program: take one of them\n",
    )  # fmt: skip


def test_a_deadlock_can_be_debugged_and_ends_as_one(tmp_path: Path) -> None:
    path = write(tmp_path, """
        import threading
        A, B = threading.Lock(), threading.Lock()
        def work(one, two):
            with one:
                with two:
                    pass
        def main():
            pairs = {"ann": (A, B), "bob": (B, A)}
            threads = [threading.Thread(target=work, args=pairs[name], name=name) for name in pairs]
            for t in threads: t.start()
            for t in threads: t.join()
    """)  # fmt: skip
    shown = command(path, witness(path, "deadlock", "ann@acquire+B=bob"), "--pdb", stdin="p one.locked()\nnext\nnext\n")
    assert shown.stdout.startswith("stopping at step 9: bob is about to acquire B\n")
    assert "DEADLOCK  ann wants B (bank.py:6), held by bob since bank.py:5" in shown.stdout
    assert (shown.returncode, shown.stderr) == (0, "")


def test_a_witness_is_parsed_as_it_is_written() -> None:
    text = "h1:deadlock:3fa2b1:ann@acquire+B,2=bob:bob@end=ann"
    assert str(Witness.parse(text)) == text


def test_where_and_step_know_the_programs_own_code_only(tmp_path: Path) -> None:
    path = write(tmp_path, BANK.replace("= seen + 1", "= seen + 1\n    account"))
    shown = command(path, witness(path, "violated", TURN), "--pdb", stdin="step\nwhere\nup\nstep\nstep\nstep\n")
    assert shown.stdout.splitlines()[1:10] == [
        f"> {path}(8)deposit()", "-> account.balance = seen + 1",
        f"(pdb) > {path}(9)deposit()", "-> account",
        f"(pdb) > {path}(9)deposit()", "-> account",
        "(pdb) *** Oldest frame",
        "(pdb) --Return--", f"> {path}(9)deposit()->None",
    ]  # fmt: skip
    assert (shown.returncode, shown.stderr, "harness/" in shown.stdout) == (0, "", False)


def test_the_failing_step_of_a_crash_is_where_it_was_raised_not_what_was_cleaned_up_after_it(tmp_path: Path) -> None:
    path = write(tmp_path, """
        import threading
        lock, orders = threading.Lock(), []
        def take():
            with lock:
                return orders.pop()
        def main():
            t = threading.Thread(target=take, name="ann")
            t.start()
            t.join()
    """)  # fmt: skip
    shown = command(path, witness(path, "crashed"), "--pdb", stdin="")
    assert shown.stdout.startswith("stopping at step 6: ann is about to read orders\n")
    assert "ann: IndexError: pop from empty list (bank.py:6)" in shown.stdout


def test_a_step_in_the_library_is_no_place_to_stop_and_that_is_said(tmp_path: Path) -> None:
    path = write(tmp_path, """
        import threading
        def main():
            threading.Timer(1, print).start()
            assert False
    """)  # fmt: skip
    text = witness(path, "violated")
    steps = json.loads(command(path, text, "--json").stdout)["trace"]
    number = next(str(step["step"]) for step in steps if step["thread"] != "MainThread" and not step["file"])
    shown = command(path, text, "--pdb", "--step", number, stdin="p 1\n")
    assert "(no place to stop: from there on Thread-1 is in no code of the program)" in shown.stdout
    assert (shown.returncode, shown.stderr, "VIOLATED" in shown.stdout) == (0, "", True)


def test_what_is_printed_while_threads_are_unwound_was_never_printed(tmp_path: Path) -> None:
    path = write(tmp_path, """
        from concurrent.futures import ThreadPoolExecutor
        def ask(pool):
            print("asked")
            return pool.submit(print, 1).result()
        def main():
            with ThreadPoolExecutor(1) as pool:
                pool.submit(ask, pool).result()
    """)  # fmt: skip
    found = replayed(path, witness(path, "deadlock"))
    assert (found.diverged, found.output) == (None, "asked\n")
