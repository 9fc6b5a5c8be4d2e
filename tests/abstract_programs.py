"""Small abstract programs: the ones whose number of interleavings is published, and random ones."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from harness.trace import WHOLE
from tests.model import Body, Instruction, Program, started


def read(name: str, local: str) -> Instruction:
    return ("read", name, WHOLE, local)


def write(name: str, value: Any) -> Instruction:
    return ("write", name, WHOLE, value)


def locked(lock: str, *body: Instruction) -> Body:
    return (("acquire", lock), *body, ("release", lock))


def readers(count: int) -> Program:
    """One thread writes a variable, `count` others read it."""
    return started((write("x", 1),), *[(read("x", "a"),)] * count)


def lastzero(count: int) -> Program:
    """`count` threads do a[i] = a[i - 1] + 1, one looks for the last zero from the end (Abdulla et al. 2014)."""
    search = [step for i in range(count, -1, -1) for step in (("read", "a", i, "v"), ("skip", "v", 0, 2 * count + 2))]
    adders = [(("read", "a", i - 1, "v"), ("write", "a", i, ("v", 1))) for i in range(1, count + 1)]
    return started(tuple(search), *adders)


def counter(threads: int) -> Program:
    """Each thread reads a variable and writes it back, one more."""
    return started(*[(read("x", "a"), write("x", ("a", 1)))] * threads)


def locked_counter(threads: int) -> Program:
    """The same under one lock."""
    return started(*[locked("L", read("x", "a"), write("x", ("a", 1)))] * threads)


def inversion() -> Program:
    """Two threads take two locks in opposite order."""
    return started(locked("A", *locked("B")), locked("B", *locked("A")))


def philosophers(count: int) -> Program:
    """Each takes the two forks beside it, the lower one first."""
    forks = [sorted((i, (i + 1) % count)) for i in range(count)]
    return started(*(locked(f"F{first}", *locked(f"F{second}")) for first, second in forks))


LOCKS = st.sampled_from(("L1", "L2"))
NAMES = st.sampled_from(("x", "y"))
LOCALS = st.sampled_from(("a", "b"))
VALUES = st.one_of(st.integers(1, 9), st.tuples(LOCALS, st.just(1)))

ACCESS = st.one_of(
    st.builds(read, NAMES, LOCALS),
    st.builds(write, NAMES, VALUES),
    st.tuples(st.just("read"), st.just("l"), st.sampled_from((0, 1, WHOLE)), LOCALS),
    st.tuples(st.just("write"), st.just("l"), st.sampled_from((0, 1, WHOLE)), VALUES),
)


def one(step: Instruction) -> Body:
    return (step,)


def trying(lock: str) -> Body:
    return (("try", lock, "t"), ("skip", "t", 0, 1), ("release", lock))


def waiting(lock: str, timeout: int) -> Body:
    return (("timed", lock, timeout, "t"), ("skip", "t", 0, 1), ("release", lock))


STATEMENTS = {
    "data": st.one_of(st.builds(one, ACCESS), st.builds(lambda local: (("skip", local, 0, 1),), LOCALS)),
    "locks": st.one_of(
        st.builds(locked, LOCKS, ACCESS),
        st.builds(lambda a, b: locked(a, *locked(b)) if a != b else locked(a), LOCKS, LOCKS),
        st.builds(lambda lock: (("acquire", lock),), LOCKS),
    ),
    "probes": st.one_of(
        st.builds(trying, LOCKS), st.builds(locked, LOCKS), st.builds(lambda lock: (("locked", lock, "a"),), LOCKS)
    ),
    "requests": st.one_of(
        st.builds(lambda lock, step: (("request", lock), *locked(lock, step)), LOCKS, ACCESS),
        st.builds(lambda lock: (("request", lock), *trying(lock)), LOCKS),
    ),
    "time": st.one_of(
        st.builds(waiting, LOCKS, st.integers(1, 3)),
        st.builds(lambda ns: (("sleep", None, ns),), st.integers(1, 3)),
        st.builds(lambda lock, ns: locked(lock, ("sleep", None, ns)), LOCKS, st.integers(1, 3)),
    ),
    "conditions": st.one_of(
        st.just(locked("L1", ("wait", "c1"))),
        st.builds(lambda count: locked("L1", ("notify", "c1", count)), st.integers(1, 2)),
        st.builds(locked, st.just("L1"), ACCESS),
    ),
    "semaphores": st.one_of(
        st.just((("take", "s"),)),
        st.just((("give", "s"),)),
        st.builds(lambda step: (("take", "s"), step, ("give", "s")), ACCESS),
    ),
    "events": st.builds(one, st.sampled_from((("await", "e"), ("set", "e"), ("clear", "e"), ("is_set", "e", "a")))),
    "gates": st.one_of(
        st.sampled_from(((("permit", "s"),), (("give", "s"),), (("pass", "e"),), (("set", "e"),), (("clear", "e"),))),
        st.builds(lambda step: (("permit", "s"), step, ("give", "s")), ACCESS),
    ),
}
"""Kinds of statement by family; together with accesses they make the bodies of random threads."""

STRANGE = st.one_of(
    st.builds(lambda lock: (("release", lock),), LOCKS),
    st.just((("notify", "c1", 1),)),
    st.just((("notify", "C1", 1),)),
    st.just(locked("L1", ("wait", "C1"))),
    st.just((("down", "s"),)),
    st.just((("give", "s"),)),
    st.builds(lambda a, b: (("poke", a, b, 7),), NAMES, NAMES),
    st.builds(lambda thread: (("is_alive", thread, "a"),), st.integers(1, 2)),
)
"""What correct programs do not do, and what the engine has no such operation for."""


@st.composite
def programs(draw: st.DrawFn, *families: str) -> Program:
    """Two or three threads of one to four statements from these families."""
    kinds = [STATEMENTS[family] for family in families if family in STATEMENTS]
    statement = st.one_of(*kinds, STRANGE if "strange" in families else kinds[0], st.builds(one, ACCESS))
    bodies = draw(st.lists(st.lists(statement, min_size=1, max_size=4), min_size=2, max_size=3))
    flat = [tuple(step for part in body for step in part) for body in bodies]
    values = {"s": draw(st.integers(0, 2))}
    if "daemons" not in families:
        return started(*flat, values=values)
    daemons = draw(st.sets(st.integers(1, len(flat)), min_size=1))
    threads = range(1, len(flat) + 1)
    joined = [("join", thread) for thread in threads if thread not in daemons and draw(st.booleans())]
    main = (*(("start", thread) for thread in threads), *draw(st.lists(ACCESS, max_size=1)), *joined)
    return Program((main, *flat), values, frozenset(daemons))
