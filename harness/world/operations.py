"""Public operations of the standard library's primitives: one scheduling point at the entry of each.

The classes are CPython's own. An operation is atomic until it blocks: called by the library itself
inside another operation it is part of that one's step. Callables that a program hands to the library
(`Thread(target=…)`, callbacks, a barrier's action) are program code, whoever calls them: `handed`.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from functools import wraps
from types import CodeType, FrameType, FunctionType
from typing import Any

from harness.scheduler import Scheduler
from harness.trace import GATED, WHOLE, Operation
from harness.world.gates import RULES, Rule, field, gate, is_the_librarys, open_gates

THREADING = {
    "_RLock": {"acquire": "acquire", "release": "release"},
    "Condition": {"wait": "wait", "notify": "notify"},
    "Semaphore": {"acquire": "acquire", "release": "release"},
    "BoundedSemaphore": {"release": "release"},
    "Event": {"is_set": "is_set", "set": "set", "clear": "clear", "wait": "wait"},
    "Barrier": {"wait": "wait", "reset": "reset", "abort": "abort", "n_waiting": "n_waiting", "broken": "broken"},
}
"""Public operations by class; those that only call another of them (`notify_all`) have their point there."""

QUEUE = {"put": "put", "get": "get", "task_done": "task_done", "join": "wait", "qsize": "qsize",
         "empty": "empty", "full": "full", "shutdown": "shutdown"}  # fmt: skip

FUTURE = {"cancel": "cancel", "cancelled": "cancelled", "running": "running", "done": "done", "result": "result",
          "exception": "result", "add_done_callback": "add_done_callback", "set_result": "set_result",
          "set_exception": "set_result", "set_running_or_notify_cancel": "run"}  # fmt: skip

COMPETED_FOR = frozenset((("Semaphore", "acquire"), ("Queue", "get"), ("Queue", "put"), ("_PySimpleQueue", "get")))
"""What one thread gets and another does not: a permit, an item, room."""

EXECUTOR = {"submit": "submit", "shutdown": "shutdown"}


class Operations:
    """Gives classes and functions of the library their scheduling points.

    `library` holds the ids of the `__dict__`s of its modules; `calling` announces what a built-in
    callable will touch and gives the callable to be called instead.
    """

    def __init__(self, scheduler: Scheduler, library: set[int]) -> None:
        self._scheduler = scheduler
        self._library = library
        self.calling: Callable[[Any], Any] = lambda function: function
        self.unlocked: Callable[[FrameType], None] = lambda frame: None
        """Told of a look at what is inside that takes no lock: where it comes from."""

    def threading(self, module: Any) -> None:
        """The primitives of a private `threading`."""
        condition = module.Condition
        condition.wait = self._reentering(
            condition.wait, (module.Semaphore.acquire.__code__, module.Event.wait.__code__)
        )
        condition.__enter__ = self._by_program(condition.__enter__, lambda self: self._lock.__enter__())
        condition.__exit__ = self._by_program(condition.__exit__, lambda self, *exc: self._lock.__exit__(*exc))
        self._hand(condition, "wait_for", 1, "predicate")
        self._hand(module.Barrier, "__init__", 2, "action")
        for name, kinds in THREADING.items():
            self.of_class(getattr(module, name), kinds)
        for cls in (module.Semaphore, module._RLock):
            cls.__enter__ = cls.acquire

    def listing(self, module: Any) -> None:
        """The functions of a private `threading` that look at which threads there are."""
        for name in ("enumerate", "active_count"):
            setattr(module, name, self.counting(getattr(module, name)))

    def of_class(self, cls: type, kinds: Mapping[str, str]) -> None:
        """Give the public operations of `cls` their scheduling point, and its instances a token."""
        scheduler, library, init = self._scheduler, self._library, cls.__init__  # type: ignore[misc]
        rules = next((RULES[base.__name__] for base in cls.__mro__ if base.__name__ in RULES), {})
        again = self.pointed(init, "reset", rules)

        @wraps(init)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            if self._lab_token is None:
                self._lab_token = scheduler.new_token()
            elif id(sys._getframe(1).f_globals) not in library and len(scheduler.tasks) > 1:
                scheduler.order_shows = True  # who waits inside is forgotten
                again(self, *args, **kwargs)
                return
            init(self, *args, **kwargs)

        cls._lab_token = None  # type: ignore[attr-defined]
        cls.__init__ = __init__  # type: ignore[misc]
        for name, kind in kinds.items():
            found = getattr(cls, name, None)
            if isinstance(found, property) and found.fget is not None:
                setattr(cls, name, property(self.pointed(found.fget, kind, rules)))
            elif found is not None:
                setattr(cls, name, self.pointed(self._counted(cls, found, kind), kind, rules))

    def futures(self, base: Any, pool: Any) -> None:
        """The parts of `concurrent.futures`."""
        self._hand(base.Future, "add_done_callback", 1, "fn")
        self._hand(pool.ThreadPoolExecutor, "submit", 1, "fn")
        self._hand(pool.ThreadPoolExecutor, "__init__", 3, "initializer")
        self.of_class(base.Future, FUTURE)
        self.of_class(pool.ThreadPoolExecutor, EXECUTOR)
        base.wait = self.pointed(base.wait, "wait")
        base.as_completed = self._stepping(base.as_completed)

    def numbering(self, cls: type) -> None:
        """Give the instances of `cls` a token, and no more."""
        scheduler, init = self._scheduler, cls.__init__  # type: ignore[misc]

        @wraps(init)
        def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
            self._lab_token = scheduler.new_token()
            init(self, *args, **kwargs)

        cls.__init__ = __init__  # type: ignore[misc]

    def pointed(
        self, function: Callable[..., Any], kind: str, rules: Mapping[str, Rule] | None = None
    ) -> Callable[..., Any]:
        """`function` with a scheduling point at its entry; a method if there are `rules` for its class's operations."""
        scheduler, library, method = self._scheduler, self._library, rules is not None
        rules = rules or {}
        rule = rules.get(kind)

        @wraps(function)
        def operation(*args: Any, **kwargs: Any) -> Any:
            me, noting = scheduler.current, scheduler.noting
            token = args[0]._lab_token if method else None
            inside = me.call is not None
            if inside and id(sys._getframe(1).f_globals) in library:
                if token is not None:
                    scheduler.touch(token)
                    if rules and noting is not None:
                        noting.finds(token, open_gates(rules, args[0]))
                return function(*args, **kwargs)
            if kind == "n_waiting":
                self.unlocked(sys._getframe(1))
            wants = None
            if rule is not None and not (inside or scheduler.arrival_points):
                wants = gate(rule, kind, args, kwargs)
            outer = me.call, me.called
            me.subject = me.called = args[0] if method else None
            me.call = pending = Operation(kind, token, WHOLE if wants is None else GATED)
            try:
                if wants is not None:
                    me.asked, me.asked_at = wants.held, scheduler.steps
                scheduler.point(pending, wants)
                if noting is None:
                    return function(*args, **kwargs)
                if rules:
                    noting.finds(token, open_gates(rules, args[0]))
                noting.looking = pending.mode == "r"
                try:
                    return function(*args, **kwargs)
                finally:
                    noting.looking = False
            finally:
                me.call, me.called = outer

        return operation

    def _counted(self, cls: type, function: Callable[..., Any], kind: str) -> Callable[..., Any]:
        """The operation, and what it means for bypasses."""
        scheduler = self._scheduler
        if (cls.__name__, kind) == ("Condition", "notify"):

            @wraps(function)
            def notifying(*args: Any, **kwargs: Any) -> Any:
                result = function(*args, **kwargs)
                scheduler.bypasses.notified(args[0], scheduler.steps)
                return result

            return notifying
        if (cls.__name__, kind) == ("Event", "clear"):

            @wraps(function)
            def clearing(event: Any) -> Any:
                if field(event, "_flag") and len(scheduler.tasks) > 1:
                    scheduler.order_shows = True
                return function(event)

            return clearing
        if (cls.__name__, kind) not in COMPETED_FOR:
            return function

        def refused(primitive: Any) -> None:
            call = scheduler.current.call  # one at a gate is refused by a queue's shutdown, which it had to wait for
            gated = call is not None and call.key == GATED
            if scheduler.noting is not None and not gated and is_the_librarys(primitive):
                scheduler.noting.only_looked(Operation("full" if kind == "put" else "empty", primitive._lab_token))

        @wraps(function)
        def served(*args: Any, **kwargs: Any) -> Any:
            me = scheduler.current
            if me.called is not args[0]:
                return function(*args, **kwargs)
            asked_before = me.asked_at
            if me.call is not None and me.call.key is WHOLE:
                asked_before, me.asked_at = scheduler.steps - 1, scheduler.steps
            begun = scheduler.steps
            try:
                result = function(*args, **kwargs)
            except Exception as error:
                if type(error).__module__ != "queue":  # it may have left off before it notified somebody
                    scheduler.order_shows = True
                elif scheduler.steps == begun:
                    refused(args[0])
                raise
            if result or kind != "acquire":
                scheduler.bypasses.served(me, asked_before)
            elif scheduler.steps == begun:
                refused(args[0])
            return result

        return served

    def counting(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function that looks at which threads there are: at each one, and at whether another one starts."""
        scheduler, library = self._scheduler, self._library

        @wraps(function)
        def operation() -> Any:
            if id(sys._getframe(1).f_globals) not in library:
                scheduler.current.subject = None
                scheduler.point(Operation("enumerate"))
                for index in range(len(scheduler.tasks) + 1):
                    scheduler.touch(("thread", index), "r")
            return function()

        return operation

    def handed(self, function: Any) -> Any:
        """A program's callable, to be called by the library as program code: outside of the operation that calls it."""
        if not callable(function):
            return function
        scheduler = self._scheduler

        def called(*args: Any, **kwargs: Any) -> Any:
            me = scheduler.current
            outer, me.call, me.called = (me.call, me.called), None, None
            try:
                return self.calling(function)(*args, **kwargs)
            finally:
                me.call, me.called = outer

        return called

    def _hand(self, cls: type, method: str, position: int, keyword: str | None) -> None:
        """The argument of `method` at `position` (self is 0), or named `keyword`, is a callable of the program's."""
        function = getattr(cls, method)

        @wraps(function)
        def handing(*args: Any, **kwargs: Any) -> Any:
            if len(args) > position:
                args = (*args[:position], self.handed(args[position]), *args[position + 1 :])
            elif keyword in kwargs:
                kwargs[keyword] = self.handed(kwargs[keyword])
            return function(*args, **kwargs)

        setattr(cls, method, handing)

    def _by_program(self, function: FunctionType, operation: Callable[..., Any]) -> Callable[..., Any]:
        """`function` where the library calls it, else `operation`."""
        library = self._library

        @wraps(function)
        def method(*args: Any) -> Any:
            return (function if id(sys._getframe(1).f_globals) in library else operation)(*args)

        return method

    def _reentering(self, wait: Callable[..., bool], looking: tuple[CodeType, CodeType]) -> Callable[..., bool]:
        """A Condition's wait that is enabled again only once it was woken and its lock is free: one step, not two.

        With no time left it is two steps, for others may have the lock in between, and notify. A permit that is given
        then, and an event that is set (`looking`: the code of those), might as well have been before.
        """
        scheduler = self._scheduler

        @wraps(wait)
        def operation(self: Any, timeout: float | None = None) -> bool:
            me, lock = scheduler.current, self._lock if hasattr(self._lock, "held") else None
            if timeout is not None and timeout <= 0 and sys._getframe(2).f_code in looking:
                lock = None
            outer, me.reentry = me.reentry, lock
            try:
                return wait(self, timeout)
            finally:
                me.reentry = outer

        return operation

    def _stepping(self, as_completed: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
        """A generator function, each step of which is an operation."""
        step = self.pointed(next, "as_completed")

        @wraps(as_completed)
        def generator(*args: Any, **kwargs: Any) -> Iterator[Any]:
            futures = as_completed(*args, **kwargs)
            try:
                while True:
                    try:
                        yield step(futures)  # a name for what is yielded would keep it alive
                    except StopIteration:
                        return
            finally:
                futures.close()  # type: ignore[attr-defined]

        return generator
