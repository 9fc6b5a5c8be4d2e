"""Which accesses are worth a pause: those to places that more than one thread uses, or soon may.

A place belongs to the thread that touched it first (the first states of "Eraser", Savage et al. 1997) until another
one touches it, or its owner starts a thread and so may have handed it on. A pause anywhere else dilutes the plan, for
nobody could notice it.
"""

from __future__ import annotations

from collections import deque
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

_CONTAINERS = (dict, list, set, bytearray, deque)
_FIXED = (FunctionType, BuiltinFunctionType, ModuleType, type)
MANY = 200_000  # places that are remembered; a program with more of them starts anew


class Owner:
    """One thread between two of its starts of other threads."""


SHARED = Owner()


class Sharing:
    """The owners of all places. Threads call it at the same time; a lost entry costs one pause at most."""

    def __init__(self) -> None:
        self._owners: dict[Any, Owner] = {}

    def matters(self, place: Any, toucher: Owner, writes: bool) -> bool:
        """Note that the thread touches the place now. True if another thread's access could matter here."""
        owner = self._owners.get(place)
        if owner is toucher:
            return False
        if owner is None and writes:
            self.belongs(place, toucher)  # what a thread first writes, it has most likely made
            return False
        if owner is not SHARED:
            self.belongs(place, SHARED)  # what it finds, it has been given
        return True

    def belongs(self, place: Any, owner: Owner) -> None:
        """The place is new, or has a new owner."""
        if len(self._owners) > MANY:
            self._owners.clear()
        self._owners[place] = owner


def place_of(obj: Any, key: Any) -> Any:
    """Attributes and globals are places of their own; a container is one place, whichever of its items is meant.

    None for a global that names a function, a class or a module.
    """
    if not issubclass(type(obj), _CONTAINERS):  # isinstance() asks the object, too
        return id(obj), key
    if type(obj) is dict and "__builtins__" in obj:
        return None if issubclass(type(obj.get(key)), _FIXED) else (id(obj), key)
    return id(obj)
