"""Witnesses: what is written is read back, and what cannot be read says which part is wrong."""

from __future__ import annotations

import re
import shlex

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.outcome import Outcome
from harness.schedule import FAIR, LONGEST, Turn, Witness, WitnessError, labels, plain

SETTINGS = settings(deadline=None, suppress_health_check=list(HealthCheck))
NAMES = st.text(min_size=1, max_size=12).map(plain).filter(lambda name: name.strip("_") and name != FAIR)
TURNS = st.builds(
    Turn, thread=NAMES, kind=st.sampled_from(["acquire", "read", "wake", "end"]), object=NAMES | st.just(""),
    nth=st.integers(1, 99), to=NAMES,
)  # fmt: skip
WITNESSES = st.builds(
    Witness, st.sampled_from(Outcome), st.just("3fa2b1"), st.lists(TURNS, max_size=4).map(tuple), st.booleans(),
    st.booleans(), st.lists(NAMES, max_size=2).map(tuple), st.lists(NAMES, max_size=2).map(tuple),
)  # fmt: skip


@SETTINGS
@given(WITNESSES)
def test_what_is_written_is_read_back(witness: Witness) -> None:
    assert Witness.parse(str(witness)) == witness


@SETTINGS
@given(WITNESSES)
def test_a_witness_is_one_word_for_a_shell(witness: Witness) -> None:
    assert shlex.split(f"replay {witness}") == ["replay", str(witness)]
    assert not set(str(witness)) & set(" '\"\\$`*?[]{}()<>|&;~#!\n")


def test_a_witness_reads_as_its_documentation_says() -> None:
    turn = Turn("alice", "acquire", "B", 1, "bob")
    assert str(Witness(Outcome.DEADLOCK, "3fa2b1", (turn,))) == "h1:deadlock:3fa2b1:alice@acquire+B=bob"
    assert str(Witness(Outcome.LIVELOCK, "3fa2b1", (turn._replace(nth=2),), True)) == (
        "h1:livelock:3fa2b1:alice@acquire+B,2=bob:fair"
    )
    assert str(Witness(Outcome.CRASHED, "3fa2b1", (turn._replace(to=FAIR),), True, True)) == (
        "h1:crashed:3fa2b1:early:alice@acquire+B=fair"
    )
    told = Witness(Outcome.LIVELOCK, "3fa2b1", (), True, True, ("tries", "not a name"), ("locks", "pkg.part"))
    assert str(told) == "h1:livelock:3fa2b1:early:ignore+tries:instrument+locks+pkg.part:fair"
    assert plain("forks[2]") == "forks.2"
    assert plain("orders['o-17']") == "orders.o-17"
    assert plain("Thread-1 (work)") == "Thread-1_work_"


@SETTINGS
@given(st.lists(st.text(max_size=60) | st.sampled_from(["same", "same.2", "fair", "", "a" * 99]), max_size=8))
def test_every_thread_has_a_label_of_its_own_whatever_it_is_called(names: list[str]) -> None:
    found = labels(names)
    assert len(set(found)) == len(names)
    assert found[:3] == labels(names[:3])
    for label in found:
        turn = Turn(label, "read", plain(label), 2, label)
        assert Witness.parse(str(Witness(Outcome.CRASHED, "3fa2b1", (turn,)))).turns == (turn,)


def test_labels_stay_readable() -> None:
    assert labels(["žluť 1", "same", "same", "日本", "fair", "a" * 99]) == [
        "zlut_1", "same", "same.2", "_", "fair.2", "a" * LONGEST,
    ]  # fmt: skip


@SETTINGS
@given(st.text(alphabet="h1:deadlock3fa@+=,._-é日\n fairy", max_size=40), st.integers(0, 45), st.integers(0, 9))
def test_whatever_is_no_witness_is_refused_in_one_line(noise: str, at: int, cut: int) -> None:
    whole = "h1:deadlock:3fa2b1:alice@acquire+B=bob:fair"
    try:
        read = Witness.parse(whole[:at] + noise + whole[at + cut :])
    except WitnessError as error:
        assert str(error).startswith("witness: ")
        assert len(str(error).splitlines()) == 1
    else:
        assert Witness.parse(str(read)) == read


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "starts with ''"),
        ("h9:deadlock:3fa2b1", "starts with 'h9'"),
        ("h1:deadlock", "cut short"),
        ("h1:boom:3fa2b1", "'boom' is no outcome"),
        ("h1:deadlock:xyz", "'xyz' is no digest"),
        ("h1:deadlock:3fa2b1:alice", "'alice' is no turn"),
        ("h1:deadlock:3fa2b1:fair:alice@end=bob", "'fair' is no turn"),
        ("h1:deadlock:3fa2b1:alice@acquire+B,0=bob", "is no turn"),
        ("h1:deadlock:3fa2b1:alice@acquire+B," + "9" * 9999 + "=bob", "is no turn"),
        ("h1:deadlock:3fa2b1:alice@acquire+B=bób", "is no turn"),
        ("h1:deadlock:3fa2b1:a@read+x=fair:a@read+x=b", "after 'a@read+x=fair' threads take turns, so nothing can"),
        ("h1:deadlock:3fa2b1:ignore", "'ignore' is no list of names, expected ignore+NAME"),
        ("h1:deadlock:3fa2b1:instrument+a+b/c", "'instrument+a+b/c' is no list of names"),
        ("h1:deadlock:3fa2b1:instrument+a:ignore+b", "'ignore+b' is no turn"),
        ("h1:dead:3fa2b1", "no outcome (there are: passed, violated, crashed, deadlock, livelock, starvation, inc"),
    ],
)
def test_a_malformed_witness_says_which_part(text: str, says: str) -> None:
    with pytest.raises(WitnessError, match=re.escape(says)):
        Witness.parse(text)
