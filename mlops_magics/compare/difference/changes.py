"""Named values that differ: the difference of two mappings, nested ones by path, and its laws."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

from mlops_magics.compare.difference.sameness import Recorded, same
from mlops_magics.errors import DataError
from mlops_magics.store.references import lower_is_better

Side = Literal["left", "right"]
SIDES: tuple[Side, Side] = ("left", "right")
Path: TypeAlias = "tuple[str | int, ...]"


@dataclass(frozen=True, slots=True, eq=False)
class Change(Recorded):
    """A value that differs: where it is, and what it is on each side that has it.

    ``path`` are the keys that lead to it, and positions in lists. A side without it is None with ``in_left`` or
    ``in_right`` false, which a recorded None is not.
    """

    path: Path
    left: Any = None
    right: Any = None
    in_left: bool = True
    in_right: bool = True

    @property
    def key(self) -> str:
        """The path as people write it: ``optimizer.betas[0]``."""
        return path_key(self.path)

    @property
    def delta(self) -> float | None:
        """Right minus left, where both are numbers."""
        if isinstance(self.left, int | float) and isinstance(self.right, int | float):
            return float(self.right) - float(self.left)
        return None

    @property
    def better(self) -> Side | None:
        """For a metric: the side its name calls better; None where that cannot be said."""
        if self.delta is None or not abs(self.delta) > 0:
            return None
        return "left" if (self.delta > 0) == lower_is_better(self.key) else "right"

    def under(self, *path: str | int) -> Change:
        """The same in a mapping around it."""
        return replace(self, path=(*path, *self.path))

    def within(self) -> Change:
        """The same in the value that the first key leads to."""
        return replace(self, path=self.path[1:])

    def inverted(self) -> Change:
        """The change back."""
        return Change(self.path, self.right, self.left, self.in_right, self.in_left)

    def to_dict(self) -> dict[str, Any]:
        """The key, the path where it is longer, and the value of each side that has one."""
        told: dict[str, Any] = {"key": self.key}
        if len(self.path) != 1:
            told["path"] = list(self.path)
        return told | {side: getattr(self, side) for side in SIDES if getattr(self, f"in_{side}")}


def path_key(path: Path) -> str:
    """A path as people write it.

    >>> path_key(("optimizer", "betas", 0))
    'optimizer.betas[0]'
    """
    first, *rest = path or ("",)
    return str(first) + "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in rest)


def changes(left: Mapping[str, Any], right: Mapping[str, Any]) -> tuple[Change, ...]:
    """What differs between two mappings, in the order of the keys.

    Mappings in both are gone into, and so are lists as long as each other that hold only mappings and lists. Laws:
    ``apply_changes(left, changes(left, right))`` is ``right``, ``invert_changes(changes(left, right))`` is
    ``changes(right, left)``, and nothing differs exactly where :func:`~.sameness.same` says so.

    >>> changes({"depth": 2, "opt": {"lr": 0.1, "beta": 1}}, {"depth": 2, "opt": {"lr": 0.2, "beta": 1}})
    (Change(path=('opt', 'lr'), left=0.1, right=0.2, in_left=True, in_right=True),)
    """
    return tuple(_between((), left, right))


def apply_changes(left: Mapping[str, Any], found: Iterable[Change]) -> dict[str, Any]:
    """The right side, given the left one; ``left`` stays as it is.

    Raises
    ------
    DataError
        The changes are not of this mapping: it does not hold what they say it holds.
    """
    box = {"": _copy(left)}
    for change in found:
        _put(box, ("", *change.path), change)
    result: dict[str, Any] = box[""]
    return result


def invert_changes(found: Iterable[Change]) -> tuple[Change, ...]:
    """The changes back."""
    return tuple(change.inverted() for change in found)


def _between(path: Path, left: Any, right: Any) -> Iterator[Change]:
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        for key in sorted({*left, *right}):
            here = (*path, key)
            if key not in right:
                yield Change(here, left[key], in_right=False)
            elif key not in left:
                yield Change(here, right=right[key], in_left=False)
            else:
                yield from _between(here, left[key], right[key])
    elif _correspond(left, right):
        for position, (before, after) in enumerate(zip(left, right, strict=True)):
            yield from _between((*path, position), before, after)
    elif not same(left, right):
        yield Change(path, left, right)


def _correspond(left: Any, right: Any) -> bool:
    """Whether two lists are told item by item. Not lists of plain values: what a position means there is not known."""
    return (
        isinstance(left, list) and isinstance(right, list) and len(left) == len(right) > 0
        and all(isinstance(item, Mapping | list) for item in (*left, *right))
    )


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return [_copy(item) for item in value] if isinstance(value, list) else value


def _put(place: Any, path: Path, change: Change) -> None:
    *way, last = path
    try:
        for part in way:
            place = place[part]
        is_there = last < len(place) if isinstance(last, int) else last in place
        if is_there != change.in_left or (is_there and not same(place[last], change.left)):
            raise KeyError(last)
        if change.in_right:
            place[last] = _copy(change.right)
        else:
            del place[last]
    except (KeyError, IndexError, TypeError) as error:
        raise DataError(
            f"the difference is of something else: {change.key!r} is not {change.left!r:.60} here",
            hint="Apply it to its left side, or its inverse to its right side",
        ) from error
