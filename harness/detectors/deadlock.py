"""Deadlocks in words: who waits for whom, since where, and what became of those who could have ended the wait."""

from __future__ import annotations

from typing import NamedTuple


class Helper(NamedTuple):
    """A thread that might have helped: whether it `did` so before, or at least `used` the object; its fate."""

    thread: str
    did: bool
    used: bool
    fate: str


class Waiting(NamedTuple):
    """One unfinished thread of a stopped execution. Names and places are empty where nothing was recorded.

    `primitive` is the class of what it waits on ("Lock", "Condition", "Queue" …), `holder` who has the
    lock or is joined, `fate` what became of that one if it ended, `detail` what is known of the object.
    """

    thread: str
    daemon: bool
    operation: str
    object: str
    blocked: bool
    timed: bool
    holder: str | None
    where: str
    granted: str
    primitive: str = ""
    fate: str = ""
    detail: str = ""
    helpers: tuple[Helper, ...] = ()


def explain_deadlock(threads: list[Waiting]) -> str:
    """A sentence per wait: the cycle first, then other causes, then who waits for the end of those."""
    waiting = [t for t in threads if t.blocked and not t.daemon and not t.timed]
    cycle = _cycle(waiting)
    after = _who_waits_for(waiting)
    others = [t for t in waiting if t not in cycle and not _is_idle(t)]
    ordered = cycle + sorted(others, key=_only_follows)
    return "; ".join(_sentence(group, after) for group in _together(ordered or waiting))


def _together(waiting: list[Waiting]) -> list[list[Waiting]]:
    """Threads that wait at one place for one thing are told of in one sentence."""
    groups: dict[object, list[Waiting]] = {}
    for t in waiting:
        same = (t.operation, t.object, t.where) if t.holder is None and t.object else t.thread
        groups.setdefault(same, []).append(t)
    return list(groups.values())


def _cycle(waiting: list[Waiting]) -> list[Waiting]:
    by_name = {t.thread: t for t in waiting}
    for start in waiting:
        path: list[Waiting] = []
        at: Waiting | None = start
        while at is not None and at not in path:
            path.append(at)
            at = by_name.get(at.holder or "")
        if at is start:
            return path
    return []


def _who_waits_for(waiting: list[Waiting]) -> dict[str, list[str]]:
    """By name, who can go on only after that thread has: the helpers that nobody has seen at work yet."""
    after: dict[str, list[str]] = {}
    for t in waiting:
        seen: list[str] = []
        at = t.holder
        while at and at not in seen:
            seen.append(at)
            if t.operation != "exit" and at != t.thread:
                after.setdefault(at, []).append(t.thread)
            at = next((other.holder for other in waiting if other.thread == at), None)
    return after


def _only_follows(t: Waiting) -> int:
    """Above 0 for who waits for the end of another thread: a consequence, not a cause. Of all of them comes last."""
    return {"join": 1, "shutdown": 1, "exit": 2}.get(t.operation, 0)


def _is_idle(t: Waiting) -> bool:
    """A pooled worker without work."""
    return t.primitive == "_PySimpleQueue" and t.object.endswith("._work_queue")


def _sentence(group: list[Waiting], after: dict[str, list[str]]) -> str:
    t = group[0]
    at = f" ({t.where})" if t.where else ""
    if t.operation == "join":
        return f"{t.thread} waits for {t.object or t.holder} to end{at}"
    if t.operation == "shutdown" and t.holder:
        return f"{t.thread} shuts its executor down and waits for {t.holder} to end{at}"
    if t.operation == "exit":
        return f"{t.thread} has returned and waits for the other threads"
    if t.holder is not None:
        return _wants_lock(t, at) if t.primitive in ("Lock", "RLock", "") else _wants_in(t, at)
    wish, deed = _WISHES.get((t.primitive, t.operation), (f"in {t.operation} of {{}}", "wake it"))
    names = [member.thread for member in group]
    who = f"{join(names)} {'wait' if len(names) > 1 else 'waits'}"
    detail = f", {t.detail}" if t.detail else ""
    return f"{who} {wish.format(t.object or t.primitive or 'something')}{at}{detail}, {_helpers(t, deed, names, after)}"


def join(names: list[str]) -> str:
    """Names as an enumeration: `a, b and c`."""
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else names[0]


def _wants_lock(t: Waiting, at: str) -> str:
    what = t.object or "a lock"
    since = f" since {t.granted}" if t.granted else ""
    if t.holder == t.thread:
        return f"{t.thread} wants {what}{at}, held by itself{since}: only an RLock can be taken twice"
    gone = f", which {t.fate} without giving it back" if t.fate else ""
    return f"{t.thread} wants {what}{at}, held by {t.holder}{since}{gone}"


def _wants_in(t: Waiting, at: str) -> str:
    """Blocked on a lock inside a Queue, Condition … that somebody is using."""
    what = t.object or f"a {t.primitive}"
    if t.holder == t.thread:
        return f"{t.thread} calls {t.operation} of {what}{at} from within another operation on it, whose lock it holds"
    return f"{t.thread} calls {t.operation} of {what}{at}, which {t.holder} is using"


def _helpers(t: Waiting, deed: str, waiting: list[str], after: dict[str, list[str]]) -> str:
    """What became of those who could have helped.

    That is who did so before, else who used the object, else who has ended, else who waits for this very thread.
    """
    others = [h for h in t.helpers if h.thread not in waiting]
    ended = [h for h in others if h.fate not in ("waits itself", "has returned")]
    kept = [h for h in others if any(h.thread in after.get(name, ()) for name in waiting)]
    known = [h for h in others if h.did] or [h for h in others if h.used] or ended or kept
    told = ": " + ", ".join(f"{h.thread} {h.fate}" for h in known) if known else ""
    return f"and nobody is left to {deed}{told}"


_WISHES = {
    ("Lock", "acquire"): ("for somebody to release {}", "do that"),
    ("Condition", "wait"): ("to be notified on {}", "notify it"),
    ("Semaphore", "acquire"): ("for a permit of {}", "release one"),
    ("Event", "wait"): ("for {} to be set", "set it"),
    ("Barrier", "wait"): ("at barrier {}", "come to it"),
    ("Queue", "get"): ("for an item of {}", "put one in"),
    ("_PySimpleQueue", "get"): ("for an item of {}", "put one in"),
    ("Queue", "put"): ("for room in {}", "take something out"),
    ("Queue", "wait"): ("until all in {} is done", "call task_done"),
    ("Future", "result"): ("for the result of {}", "work on it"),
}
"""By primitive and operation: what the thread waits for, and what somebody else would have to do."""
