"""Whether an object is still what it was: a glance at all it holds, before something is done to it and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from types import FunctionType, MethodType, ModuleType
from typing import Any

from mlops_magics.capture.held import stamp_of

LIMIT = 10_000
"""So many objects are looked at, in a few milliseconds; of what holds more nobody can tell."""

_PLAIN = (type(None), bool, int, float, complex, str, bytes)
_CLOSED = (type, FunctionType, MethodType, ModuleType)


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """What an object held at one moment. ``parts`` is empty where it was too much.

    ``held`` keeps the parts alive, so that no other object takes the place in memory that one is known by.
    """

    parts: tuple[Any, ...]
    held: list[Any] = field(repr=False)

    def is_of(self, value: Any) -> bool:
        """Whether the object holds the same now: the same objects, arrays with the same numbers in them."""
        return bool(self.parts) and glance(value).parts == self.parts


def glance(value: Any) -> Glance:
    """Look at what an object holds, through attributes, lists, mappings and arrays. Changes nothing.

    >>> model = {"weights": [0.5, 1.0]}
    >>> before = glance(model)
    >>> before.is_of(model)
    True
    >>> model["weights"][0] = 0.7
    >>> before.is_of(model)
    False
    """
    parts: list[Any] = []
    held: dict[int, Any] = {}
    waiting = [value]
    while waiting:
        found = waiting.pop()
        if isinstance(found, _PLAIN):
            parts.append(found)
            continue
        parts.append(id(found))
        if id(found) in held or isinstance(found, _CLOSED):
            continue
        held[id(found)] = found
        if len(parts) + len(waiting) > LIMIT:
            return Glance((), [])
        parts.append(stamp_of(found))
        waiting.extend(_inside(found))
    return Glance(tuple(parts), list(held.values()))


def _inside(found: Any) -> Iterable[Any]:
    if isinstance(found, dict):
        return [*found.keys(), *found.values()]
    if isinstance(found, list | tuple | set | frozenset):
        return list(found)
    if getattr(getattr(found, "dtype", None), "hasobject", False) and found.size <= LIMIT:
        return list(found.flat)
    return [part for pair in getattr(found, "__dict__", {}).items() for part in pair]
