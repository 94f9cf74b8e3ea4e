"""When two recorded values are the same: as they were recorded, not as Python's numbers compare."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any


def same(left: Any, right: Any) -> bool:
    """Whether two recorded values are one: of the same type, NaN itself, the two zeros one number, lists and tuples
    alike, mappings in whatever order.

    >>> same(1, True), same(1, 1.0), same({"a": [float("nan")]}, {"a": [float("nan")]}), same(0.0, -0.0)
    (False, False, True, True)
    """
    if left is right:
        return True
    if isinstance(left, Mapping):
        return isinstance(right, Mapping) and left.keys() == right.keys() and all(
            same(value, right[key]) for key, value in left.items()
        )
    if isinstance(left, list | tuple):
        return isinstance(right, list | tuple) and len(left) == len(right) and all(map(same, left, right))
    if type(left) is not type(right):
        return False
    return bool(left == right) or (isinstance(left, float) and left != left and right != right)  # noqa: PLR0124


class Recorded:
    """A dataclass made with ``eq=False``, equal to another of its class where all fields that count are the same."""

    __slots__ = ()
    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        if type(other) is not type(self):
            return NotImplemented
        names = (field.name for field in fields(self) if field.compare)  # type: ignore[arg-type]
        return all(same(getattr(self, name), getattr(other, name)) for name in names)
