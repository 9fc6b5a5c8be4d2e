"""Witnesses: what is written is read back, and what cannot be read says which part is wrong."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.outcome import Outcome
from harness.schedule import Turn, Witness, WitnessError, plain

NAMES = st.text(min_size=1, max_size=12).map(plain).filter(lambda name: name.strip("_"))
TURNS = st.builds(
    Turn, thread=NAMES, kind=st.sampled_from(["acquire", "read", "wake", "end"]), object=NAMES | st.just(""),
    nth=st.integers(1, 99), to=NAMES,
)  # fmt: skip
WITNESSES = st.builds(
    Witness, st.sampled_from(Outcome), st.just("3fa2b1"), st.lists(TURNS, max_size=4).map(tuple), st.booleans()
)


@given(WITNESSES)
def test_what_is_written_is_read_back(witness: Witness) -> None:
    assert Witness.parse(str(witness)) == witness


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
    assert plain("forks[2]") == "forks.2"
    assert plain("orders['o-17']") == "orders.o-17"
    assert plain("Thread-1 (work)") == "Thread-1_work_"


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
    ],
)
def test_a_malformed_witness_says_which_part(text: str, says: str) -> None:
    with pytest.raises(WitnessError, match=says.replace("(", r"\(")):
        Witness.parse(text)
