"""What the lab prints: words, tables and pictures, as a reader sees them."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from harness.outcome import Outcome
from harness.report import junit
from harness.report.columns import heading
from harness.report.folding import Fold, fold_loops
from harness.report.lanes import describe, draw
from harness.report.relevance import relevant
from harness.report.text import Style, clip, count, fold, ordinal, seconds, style_for
from harness.trace import Trace, TraceStep
from harness.world.clock import START


def step(number: int, thread: str, operation: str, object: str = "", **more: object) -> TraceStep:
    facts = {"value": "", "file": "broken.py", "line": 20, "source": "", "waits_on": None, "preempted": None}
    return TraceStep(number, thread, operation, object, **{**facts, **more})  # type: ignore[arg-type]


ABBA = Trace(
    (
        step(1, "alice", "acquire", "A", lock=True, state={"A": "alice"}),
        step(2, "bob", "acquire", "B", lock=True, preempted="alice", state={"A": "alice", "B": "bob"}),
        step(3, "bob", "acquire", "A", lock=True, waits_on="A", state={"A": "alice < bob", "B": "bob"}),
        step(4, "alice", "acquire", "B", lock=True, waits_on="B", state={"A": "alice < bob", "B": "bob < alice"}),
    ),
    ("main", "alice", "bob"),
)


def test_a_deadlock_is_drawn_with_its_lanes_its_state_and_the_reason_of_each_switch() -> None:
    assert draw(ABBA).splitlines() == [
        " #  alice              bob                A            B",
        " 1  acquire A                             alice",
        "    --- preempted --->",
        " 2                     acquire B          alice        bob",
        "                       acquire A … waits  alice < bob  bob",
        "    <--- bob is blocked --",
        "    acquire B … waits                     alice < bob  bob < alice",
        "    beside a lock: who holds it < who waits for it",
    ]


def test_a_long_loop_is_drawn_once_with_its_number_of_rounds() -> None:
    steps = [
        step(4 * i + n, f"clerk {n % 2}", op, "stock", value="0", line=n)
        for i in range(50)
        for n, op in enumerate(("acquire", "try", "release", "sleep"), start=1)
    ]
    assert draw(Trace(tuple(steps), ("clerk 0", "clerk 1"))).splitlines() == [
        " #  clerk 0           clerk 1",
        " 1                    acquire stock = 0",
        " 2  try stock = 0",
        " 3                    release stock = 0",
        " 4  sleep stock = 0",
        "    … the 4 steps above, 49 more times …",
    ]
    assert len(draw(Trace(tuple(steps), ("clerk 0", "clerk 1")), loops=False).splitlines()) == 201


def folded(word: str) -> list[str | tuple[int, int, int]]:
    """One letter per step in, one letter per drawn step and (length, times, rest) per fold out."""
    steps = [step(n, "t", letter) for n, letter in enumerate(word, start=1)]
    return [(row.length, row.times, row.rest) if isinstance(row, Fold) else row.operation for row in fold_loops(steps)]


def test_two_equal_rounds_are_no_loop_and_three_are() -> None:
    assert folded("xabcdefghijabcdefghijy") == [*"xabcdefghijabcdefghijy"]
    assert folded("xabcdabcdabcdy") == ["x", "a", "b", "c", "d", (4, 2, 0), "y"]
    assert folded("a" * 10 + "b") == ["a", (1, 9, 0), "b"]


def test_what_is_short_is_not_folded_because_its_values_tell_more() -> None:
    assert folded("xabababy") == [*"xabababy"]


def test_the_last_step_of_a_loop_that_comes_to_something_is_shown() -> None:
    def counted(last: int) -> list[str]:
        steps = [
            step(n, "t", "write" if n % 2 else "read", "x", value=str(n // 2), state={"x": str(n // 2)}, line=n % 2)
            for n in range(1, last + 1)
        ]
        return draw(Trace(tuple(steps), ("t",))).splitlines()[3:]

    assert counted(20) == ["    … the 2 steps above, 9 more times …", "20  read x = 10       10"]
    assert counted(21) == ["    … the 2 steps above, 9 more times …", "21  write x = 10      10"]


def test_a_loop_in_which_the_trace_ends_is_not_drawn_a_second_time() -> None:
    assert folded("xabcdabcdabcdab") == ["x", "a", "b", "c", "d", (4, 2, 2)]
    assert str(Fold(4, 2, 2)) == "… the 4 steps above, 2 more times, then the first 2 of them again …"
    assert str(Fold(1, 9)) == "… the step above, 9 more times …"


@pytest.mark.parametrize("threads", [1, 2, 3, 4, 5, 9, 40])
@pytest.mark.parametrize("length", [1, 9, 30, 120])
def test_every_picture_keeps_to_80_columns(threads: int, length: int) -> None:
    names = [f"{'philosopher' * 9}"[:length] + f"-{n}" for n in range(threads)]
    fork = "fork" * (length // 4 + 1)
    steps = [
        step(
            n + 1,
            names[n % threads],
            "acquire",
            f"{fork}[{n}]",
            value="plate" * length,
            waits_on="x" if n % 3 else None,
            preempted=names[0] if n % 2 else None,
            state={f"{fork}[{k}]": "held" * ((n + k) % 30) for k in range(threads)},
        )
        for n in range(60)
    ]
    picture = draw(Trace(tuple(steps), tuple(names)))
    assert max(map(len, picture.splitlines())) <= 80
    assert "acquire" in picture


def test_state_that_does_not_fit_is_named_rather_than_dropped_in_silence() -> None:
    steps = [step(n + 1, "t", "write", "x", state={f"cell number {k}": str(n) for k in range(9)}) for n in range(2)]
    assert draw(Trace(tuple(steps), ("t",))).splitlines()[-1] == (
        "    not shown for want of room: cell number 2, cell number 3, cell number 4, ce…"
    )


def test_the_state_has_room_beside_the_lanes_or_the_lanes_become_a_list() -> None:
    steps = [
        step(n + 1, f"order {n % 3}", "acquire", "Database.connections", state={"Database.connections": f"{n} free"})
        for n in range(3)
    ]
    assert draw(Trace(tuple(steps), ("order 0", "order 1", "order 2"))).splitlines() == [
        " #  thread   operation                     Database.connections",
        " 1  order 0  acquire Database.connections  0 free",
        " 2  order 1  acquire Database.connections  1 free",
        " 3  order 2  acquire Database.connections  2 free",
    ]


def test_a_new_value_is_shown_in_as_many_lines_as_it_takes() -> None:
    texts = ["", "['order 1', 'order 2', 'order 3']", "['order 1', 'order 2', 'order 3']"]
    steps = [
        step(n + 1, f"clerk {n % 2}", "write", "shop.orders.open", state={"shop.orders.open": text, "x": str(n)})
        for n, text in enumerate(texts)
    ]
    assert draw(Trace(tuple(steps), ("clerk 0", "clerk 1"))).splitlines() == [
        " #  clerk 0                 clerk 1                 shop.orders.open      x",
        " 1  write shop.orders.open                                                0",
        " 2                          write shop.orders.open  ['order 1', 'order    1",
        "                                                    2', 'order 3']",
        " 3  write shop.orders.open                          ['order 1', 'order …  2",
    ]


def test_a_long_heading_is_broken_at_its_dots_and_brackets() -> None:
    assert heading("StockList.changed", 14, 3) == ["StockList", ".changed"]
    assert heading("orders['order 12'].lines", 10, 3) == ["orders", "['order 1…", ".lines"]
    assert heading("x.y", 14, 3) == ["x.y"]


def test_time_stands_beside_the_lanes_where_it_moves() -> None:
    steps = [step(1, "t", "read", "x", time=START), step(2, "t", "write", "x", time=START + 250_000_000)]
    assert draw(Trace(tuple(steps), ("t",))).splitlines() == [
        " #  t                 clock", " 1  read x            +0 s", " 2  write x           +0.25 s",
    ]  # fmt: skip


def test_wide_and_unprintable_characters_keep_the_columns_straight() -> None:
    odd = "b\x1b[31m\n"
    steps = [step(1, "日本", "write", "値", value="'語'"), step(2, odd, "read", "値", value="'語'", preempted="日本")]
    assert draw(Trace(tuple(steps), ("日本", odd))).splitlines() == [
        " #  日本              b?[31m",
        " 1  write 値 = '語'",
        "    -- preempted --->",
        " 2                    read 値 = '語'",
    ]


def test_state_that_never_changes_is_not_shown() -> None:
    steps = [step(n + 1, "t", "write", "x", state={"price": "9", "x": str(n)}) for n in range(2)]
    assert draw(Trace(tuple(steps), ("t",))).splitlines()[0] == " #  t                 x"


def explained(*steps: TraceStep) -> list[tuple[str, str, str | None]]:
    """(thread, what it does, whom it preempted) of the steps that a reader is shown."""
    trace = Trace(steps, ("main", "ann", "bob"))
    return [(s.thread, describe(s), s.preempted) for s in relevant(trace, Outcome.VIOLATED).steps]


def test_a_reader_is_shown_what_threads_share_and_change_and_who_was_preempted() -> None:
    assert explained(
        step(1, "main", "start", "ann"),
        step(2, "main", "read", "threads", value="[Thread]"),
        step(3, "main", "start", "bob"),
        step(4, "main", "join", "ann", value="waits", waits_on="ann"),
        step(4, "ann", "begin"),
        step(5, "ann", "read", "stock.left", value="5"),
        step(6, "bob", "begin", preempted="ann"),
        step(7, "bob", "read", "price", value="3"),
        step(8, "bob", "write", "stock.left", value="4"),
        step(9, "ann", "write", "stock.left", value="4"),
        step(10, "main", "join", "ann"),
    ) == [
        ("ann", "read stock.left = 5", None),
        ("bob", "write stock.left = 4", "ann"),
        ("ann", "write stock.left = 4", None),
    ]


def test_what_others_do_after_the_thread_has_failed_is_not_shown() -> None:
    steps = (
        step(1, "ann", "write", "orders"),
        step(2, "bob", "read", "orders"),
        step(3, "bob", "exit"),
        step(4, "ann", "write", "orders"),
    )
    trace = Trace(steps, ("main", "ann", "bob"))
    shown = {m: [s.step for s in relevant(trace, Outcome.CRASHED, m).steps] for m in ("bob: KeyError: 1", "KeyError")}
    assert shown == {"bob: KeyError: 1": [1, 2], "KeyError": [1, 2, 4]}


def test_state_that_no_thread_changes_while_another_looks_is_not_shown() -> None:
    state = {"stock.left": "5", "PAUSE": "0.01"}
    shown = relevant(
        Trace(
            (step(1, "ann", "read", "stock.left"), step(2, "bob", "write", "stock.left", state=state)), ("ann", "bob")
        ),
        Outcome.VIOLATED,
    )
    assert [s.state for s in shown.steps] == [{}, {"stock.left": "5"}]


def test_an_item_belongs_to_its_container() -> None:
    assert explained(
        step(1, "ann", "read", "orders", value="{}"),
        step(2, "bob", "write", "orders['order 1']", value="30"),
    ) == [("ann", "read orders = {}", None), ("bob", "write orders['order 1'] = 30", None)]


def test_fetching_a_lock_from_where_it_is_kept_is_not_shown_but_taking_it_is() -> None:
    assert explained(
        step(1, "ann", "read", "shelf.lock", value="lock"),
        step(2, "ann", "acquire", "shelf.lock"),
        step(3, "bob", "read", "shelf.lock", value="lock"),
        step(4, "bob", "acquire", "shelf.lock", value="waits", waits_on="ann"),
    ) == [("ann", "acquire shelf.lock", None), ("bob", "acquire shelf.lock … waits", None)]


def test_a_wait_and_its_being_blocked_are_one_line_and_a_sleep_is_one_too() -> None:
    assert explained(
        step(1, "ann", "wait", "bell"),
        step(2, "ann", "wake", "bell", value="waits"),
        step(2, "bob", "sleep", value="waits"),
        step(2, "bob", "sleep"),
        step(3, "bob", "notify", "bell"),
        step(4, "ann", "wake", "bell"),
    ) == [
        ("ann", "wait bell … waits", None),
        ("bob", "sleep", None),
        ("bob", "notify bell", None),
        ("ann", "wake bell", None),
    ]


def test_a_trace_in_which_nothing_is_shared_is_shown_whole() -> None:
    assert explained(step(1, "main", "read", "price", value="3")) == [("main", "read price = 3", None)]


def test_an_empty_trace_is_said_to_be_empty() -> None:
    assert draw(Trace((), ("main",))) == "(no steps)"


def test_colour_changes_no_word_of_a_picture() -> None:
    painted = draw(ABBA, Style(colour=True))
    bare = painted
    for code in ("\033[1m", "\033[2m", "\033[33m", "\033[0m"):
        bare = bare.replace(code, "")
    assert painted != bare == draw(ABBA)


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colour_is_for_a_person_at_a_terminal_who_did_not_decline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert [style_for(stream).colour for stream in (Screen(), io.StringIO(), None)] == [True, False, False]
    monkeypatch.setenv("NO_COLOR", "1")
    assert [style_for(Screen(), when).colour for when in ("auto", "always", "never")] == [False, True, False]


def test_numbers_are_said_as_people_say_them() -> None:
    assert [ordinal(n) for n in (1, 2, 3, 4, 11, 12, 13, 21, 102, 1013, 2001)] == [
        *("1st", "2nd", "3rd", "4th", "11th", "12th", "13th", "21st", "102nd", "1,013th", "2,001st")
    ]
    assert [count(1, "step"), count(0, "entry"), count(2000, "step")] == ["1 step", "0 entries", "2,000 steps"]
    assert [seconds(0.004), seconds(3.14159), seconds(125.2)] == ["0.00 s", "3.1 s", "2 min 05 s"]


def test_a_long_word_is_never_broken_because_it_is_there_to_be_copied() -> None:
    witness = "w" * 100
    assert fold(f"replay it with {witness}", "  why  ", width=20).splitlines() == [
        "  why  replay it",
        "       with",
        f"       {witness}",
    ]


def test_what_is_cut_is_marked() -> None:
    assert [clip("a  long\nline", 20), clip("a long line", 6)] == ["a long line", "a lon…"]


def cases(path: Path) -> Sequence[ElementTree.Element]:
    return ElementTree.parse(path).getroot().findall("testsuite/testcase")


def test_a_junit_report_counts_what_it_lists_and_survives_any_text(tmp_path: Path) -> None:
    path = tmp_path / "report.xml"
    bad = junit.Case("deadlock", "abba", 1.5, "failure", "FIX DOES NOT HOLD", "beep \x07 <&> \ud800 …")
    junit.write(path, "reproduce", [bad, replace(bad, name="held", kind="passed", text="")], {"seed": 7})
    suite = ElementTree.parse(path).getroot().find("testsuite")
    assert suite is not None
    assert {key: suite.get(key) for key in ("name", "tests", "failures", "errors", "time")} == {
        **{"name": "reproduce", "tests": "2", "failures": "1", "errors": "0", "time": "3.000"}
    }
    failure = cases(path)[0].find("failure")
    assert failure is not None
    assert (failure.get("message"), failure.text) == ("FIX DOES NOT HOLD", "beep � <&> � …")
    assert cases(path)[1].find("failure") is None


def test_steps_on_files_are_told_by_their_lines_of_source_each_line_once() -> None:
    steps = (
        step(1, "ann", "read", "FileSystem", line=7, source="if os.path.exists(path):", shared=True),
        step(2, "bob", "write", "FileSystem", line=8, source='f = open(path, "w")', shared=True),
        step(3, "bob", "write", "FileSystem", line=9, source="f.write(name); f.close()", shared=True),
        step(4, "bob", "write", "FileSystem", line=9, source="f.write(name); f.close()", shared=True),
    )
    assert draw(relevant(Trace(steps, ("ann", "bob")), Outcome.VIOLATED)).splitlines() == [
        " #  ann                                 bob",
        " 1  read FileSystem: if",
        "    os.path.exists(path):",
        " 2                                      write FileSystem: f = open(path,",
        '                                        "w")',
        " 3                                      write FileSystem: f.write(name);",
        "                                        f.close()",
    ]
