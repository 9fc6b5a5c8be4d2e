"""What an endless loop means: livelock, starvation, or a deadlock that others dance around.

Judges one turn of a loop that is known to repeat for ever. A *request* is asking for something that
others may have: a lock, a semaphore, room in or an item of a queue, a notification, a meeting at a
barrier; joining and sleeping are none. A thread is a *victim* if what it requests is refused each
time, or pending throughout.

    somebody who is no victim is granted what a victim is refused       starvation
    nobody but daemon threads makes a step, or a closed set waits       deadlock
    otherwise: no live thread ever finishes, and none is served         livelock
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from harness.outcome import Outcome

LINES = 40
"""Lines of a loop that are shown."""


class Event(NamedTuple):
    """One step of the loop, known before it is made. `ready`: what it asks for is to be had (None: asks for nothing).

    `waking`: the thread goes on inside an operation that it was blocked in. `place` is comparable from
    turn to turn; `where` is for people.
    """

    task: int
    kind: str
    waking: bool
    ready: bool | None
    place: Hashable
    resource: Hashable = None
    name: str = ""
    where: str = ""
    enabled: tuple[int, ...] = ()
    target: int | None = None
    """The thread that is looked at: whether it is alive, or waited for with a timeout."""
    holder: str = ""
    """Who has the lock that is asked for and has ended with it in hand."""

    def same(self, other: Event) -> bool:
        """The same step in another turn."""
        return self[:5] == other[:5] and self.enabled == other.enabled


class Standing(NamedTuple):
    """An unfinished thread at the end of a turn: what it is about to do or blocked in."""

    task: int
    thread: str
    daemon: bool
    kind: str
    resource: Hashable
    name: str
    where: str
    request: bool
    waits_for: int | None = None
    """The holder of the lock that it is blocked on, or the thread that it joins."""


class Verdict(NamedTuple):
    """A proven liveness failure: the outcome, a sentence, and the loop as text lines (shown once)."""

    outcome: Outcome
    message: str
    loop: tuple[str, ...] = ()
    steps: int = 0
    """Length of the loop."""
    starved: int | None = None
    busy: tuple[int, ...] = ()
    """Threads that are served meanwhile (starvation), or that go round (livelock)."""


class Answer(NamedTuple):
    """How one request of the loop ended: "granted", "refused", or "pending"."""

    event: Event
    result: str


def judge(turn: Sequence[Event], threads: Sequence[Standing], modulo: Iterable[str] = ()) -> Verdict | None:
    """The verdict over a loop that repeats for ever; None where an enabled thread never ran in it."""
    return _Loop(turn, threads, tuple(modulo)).verdict()


class _Loop:
    def __init__(self, turn: Sequence[Event], threads: Sequence[Standing], modulo: tuple[str, ...]) -> None:
        self.turn = turn
        self.threads = {t.task: t for t in threads}
        self.modulo = modulo
        self.running = sorted({event.task for event in turn})
        self.answers = {task: self._answers(task) for task in self.running}
        self.refused = {task: found for task in self.threads if (found := self._refused(task))}

    def verdict(self) -> Verdict | None:
        starved = [(task, served) for task in self._victims() if (served := self._served(task))]
        skipped = {task for event in self.turn for task in event.enabled} - set(self.running)
        busy = tuple(task for task in self.running if not self.threads[task].daemon)
        victim = None
        if starved:
            victim, served = starved[0]
            outcome, message, busy = (
                Outcome.STARVATION,
                self._starvation(victim, served, victim in skipped),
                tuple(served),
            )
        elif skipped:
            return None
        elif self._only_watched() or self._circle():
            outcome, message = Outcome.DEADLOCK, self._meanwhile()
        else:
            outcome, message = Outcome.LIVELOCK, self._livelock()
        return Verdict(outcome, message + self._footnote(), self._lines(), len(self.turn), victim, busy)

    def _victims(self) -> list[int]:
        return [task for task in self.refused if not self.threads[task].daemon]

    def _answers(self, task: int) -> list[Answer]:
        """The results of the thread's requests in one turn; a request is over when its next step is no waking."""
        own = [event for event in self.turn if event.task == task]
        found = []
        for event, following in zip(own, own[1:] + own[:1], strict=True):
            if event.ready is not None:
                result = "pending" if following.waking else "granted" if event.ready else "refused"
                found.append(Answer(event, result))
        return [self._in_vain(answer, own) for answer in found]

    def _in_vain(self, answer: Answer, own: list[Event]) -> Answer:
        """Woken from a Condition only to look and wait again: that was no grant."""
        event, result = answer
        if result != "granted" or event.kind != "wait":
            return answer
        at = own.index(event)
        for following in own[at + 1 :] + own[: at + 1]:
            if following.kind != "read":
                again = following.kind == "wait" and following.resource == event.resource
                return Answer(event, "refused") if again else answer
        return answer

    def _refused(self, task: int) -> dict[Hashable, Event | Standing]:
        """The resources that the thread asks for and never gets."""
        if task not in self.answers:
            standing = self.threads[task]
            return {standing.resource: standing} if standing.request else {}
        granted = {a.event.resource for a in self.answers[task] if a.result == "granted"}
        return {a.event.resource: a.event for a in self.answers[task] if a.event.resource not in granted}

    def _served(self, victim: int) -> dict[int, int]:
        """Who is no victim and is granted, in one turn, what the victim is refused; and how often."""
        wanted = self.refused[victim]
        counts: dict[int, int] = {}
        for task, answers in self.answers.items():
            if task != victim and (task not in self.refused or self.threads[task].daemon):
                count = sum(a.result == "granted" and a.event.resource in wanted for a in answers)
                if count:
                    counts[task] = count
        return counts

    def _only_watched(self) -> bool:
        """True where those who run, daemons apart, do no more than look whether threads that never run have ended."""
        waited = {task for task in self.threads if task not in self.running}
        watchers = [task for task in self.running if not self.threads[task].daemon]
        while True:
            found = [task for task in watchers if any(e.target in waited for e in self.turn if e.task == task)]
            if not found:
                return not watchers
            waited.update(found)
            watchers = [task for task in watchers if task not in found]

    def _circle(self) -> bool:
        """True where threads that never run wait for each other, whatever the others do."""
        for task in self._victims():
            seen: list[int] = []
            at: int | None = task
            while at in self.threads and at not in self.running and at not in seen:
                seen.append(at)
                at = self.threads[at].waits_for
            if at in seen:
                return True
        return False

    def _meanwhile(self) -> str:
        names = _list(map(self._name, self.running))
        return f"meanwhile {names} {'go' if len(self.running) > 1 else 'goes'} round in a loop that frees nobody"

    def _starvation(self, victim: int, served: dict[int, int], skipped: bool) -> str:
        granted = {a.event.resource for task in served for a in self.answers[task] if a.result == "granted"}
        wanted = next(event for resource, event in self.refused[victim].items() if resource in granted)
        name, who = self.threads[victim].thread, _list(map(self._name, served))
        doing = f"waits for {wanted.name}" if victim not in self.answers else f"asks for {wanted.name} in vain"
        often = {1: "once", 2: "twice"}
        counts = sorted(set(served.values()))
        each = " each" if len(served) > 1 and len(counts) == 1 else ""
        times = " and ".join(often.get(n, f"{n} times") for n in counts)
        return (
            f"{name} starves: it {doing}{_at(wanted.where)} for ever, while {who} {_is(served)} served {times}{each} "
            f"in every turn of a loop of {_steps(self.turn)}"
            + ("; it could have been picked now and then, but the primitive promises no order" if skipped else "")
        )

    def _livelock(self) -> str:
        busy = [task for task in self.running if not self.threads[task].daemon]
        names = _list(map(self._name, busy))
        size = f"a loop of {_steps(self.turn)}"
        if len(busy) == 1 and not self.refused.get(busy[0]):
            return f"endless loop: {names} goes round in {size}{_at(self._span(busy[0]))} for ever"
        refusals = [told for task in busy if (told := self._refusals(task))]
        told = ": " + ", ".join(refusals) if refusals else " and nobody gets on"
        return f"{names} {'go' if len(busy) > 1 else 'goes'} round in {size} for ever{told}"

    def _refusals(self, task: int) -> str:
        events = list(self.refused.get(task, {}).values())
        if not events:
            return ""
        places = list(dict.fromkeys(event.where for event in events))
        at = _at(places[0]) if len(places) == 1 else ""
        gone = next((event.holder for event in events if isinstance(event, Event) and event.holder), "")
        held = f", for {gone} has ended without giving it back" if gone else ""
        return f"{self._name(task)} is refused {_list(event.name for event in events)} each time{at}{held}"

    def _span(self, task: int) -> str:
        places = [event.where.rpartition(":") for event in self.turn if event.task == task and event.where]
        lines = sorted({int(line) for file, _, line in places if file == places[0][0]})
        if not lines:
            return ""
        file = places[0][0]
        return f"{file}:{lines[0]}" if len(lines) == 1 else f"{file}:{lines[0]}-{lines[-1]}"

    def _footnote(self) -> str:
        return f" (modulo {', '.join(self.modulo)})" if self.modulo else ""

    def _name(self, task: int) -> str:
        return self.threads[task].thread

    def _lines(self) -> tuple[str, ...]:
        results = {id(a.event): a.result for answers in self.answers.values() for a in answers}
        width = max(len(self._name(task)) for task in self.running)
        lines = []
        for event in self.turn:
            what = f"{'goes on in ' if event.waking else ''}{event.kind} {event.name}".rstrip()
            result = results.get(id(event), "")
            lines.append(f"{self._name(event.task):{width}}  {what:32}  {result:8}  {event.where}".rstrip())
        return tuple(lines[:LINES]) + ((f"… {len(lines) - LINES} more steps",) if len(lines) > LINES else ())


def _at(where: str) -> str:
    return f" ({where})" if where else ""


def _is(served: dict[int, int]) -> str:
    return "are" if len(served) > 1 else "is"


def _list(names: Iterable[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def _steps(turn: Sequence[Event]) -> str:
    return f"{len(turn)} step{'s' if len(turn) > 1 else ''}"
