"""Curves of metrics that differ, aligned by step; points stay in the store until somebody asks for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from mlops_magics.compare.difference.sameness import Recorded, same
from mlops_magics.errors import DataError

if TYPE_CHECKING:
    import numpy
    from numpy.typing import NDArray

    Points = tuple[NDArray[numpy.float64], NDArray[numpy.float64]]


@dataclass(frozen=True, slots=True, eq=False)
class Outline(Recorded):
    """What is known of a curve without reading it: how many points, the last one, and the least and greatest finite
    value.
    """

    points: int
    step: int | None
    last: float
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"points": self.points, "step": self.step, "last": self.last, "low": self.low, "high": self.high}


class Shelf(Protocol):
    """Where the points of several curves are."""

    def prefetch(self, curves: Sequence[Any], what: Literal["digests", "points"]) -> None:
        """Read what the curves will be asked for."""


class Curve(ABC):
    """The points of one metric of one run. Two curves are equal where they have the same points, the same values at
    the same steps and without steps in the same order, and end with the same one.
    """

    outline: Outline
    shelf: Shelf | None = None
    """Where its points are, when they are not held."""

    @abstractmethod
    def points(self) -> Points:
        """Steps and values, by step; points without a step follow, each one step further than the one before."""

    @abstractmethod
    def digest(self) -> str:
        """The same for curves with the same points, of one kind of curve."""

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Curve):
            return NotImplemented
        if self is other:
            return True
        # Most curves differ in what is known of them; only of the others the points are looked at.
        return self.outline == other.outline and self._has_points_of(other)

    __hash__ = None  # type: ignore[assignment]

    def _has_points_of(self, other: Curve) -> bool:
        if type(self) is type(other):
            return self.digest() == other.digest()
        import numpy

        sides = (self.points(), other.points())
        ordered = ([part[numpy.lexsort(points[::-1])] for part in points] for points in sides)
        return all(numpy.array_equal(one, another, equal_nan=True) for one, another in zip(*ordered, strict=True))


class HeldCurve(Curve):
    """A curve given by its points: ``(step, value)`` in the order they were logged, a step None where there was none.

    >>> HeldCurve([(0, 0.5), (1, 0.7)]) == HeldCurve([(0, 0.5), (1, 0.8)])
    False
    """

    def __init__(self, points: Sequence[tuple[int | None, float]]) -> None:
        import math

        finite = [float(value) for _, value in points if math.isfinite(value)]
        step, last = points[-1]
        self._points = [(step, float(value)) for step, value in points]
        self.outline = Outline(len(points), step, float(last), min(finite, default=None), max(finite, default=None))

    def __repr__(self) -> str:
        return f"HeldCurve({self._points!r})"

    def points(self) -> Points:
        """See :meth:`Curve.points`."""
        import numpy

        stepped = sorted((point for point in self._points if point[0] is not None), key=lambda point: point[0] or 0)
        loose = [(numpy.nan, value) for step, value in self._points if step is None]
        steps, values = (numpy.array(part, dtype=float) for part in zip(*stepped, *loose, strict=True))
        return continued(steps), values

    def digest(self) -> str:
        """See :meth:`Curve.digest`."""
        return repr([(step, value + 0.0) for step, value in sorted(self._points, key=_place)])


def _place(point: tuple[int | None, float]) -> tuple[bool, int, str]:
    step, value = point
    return (True, 0, "") if step is None else (False, step, repr(value + 0.0))


@dataclass(frozen=True, slots=True)
class Alignment:
    """Two curves step by step.

    Attributes
    ----------
    both, only_left, only_right
        How many steps both have, and only one of them.
    parts_at
        The first step that both have and at which their values differ; None where they do not.
    distance
        The greatest distance of two finite values at one step; None where there is none.
    """

    both: int
    only_left: int
    only_right: int
    parts_at: int | None
    distance: float | None

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        return {"both": self.both, "only_left": self.only_left, "only_right": self.only_right,
                "parts_at": self.parts_at, "distance": self.distance}


@dataclass(frozen=True, eq=False)
class CurveChange(Recorded):
    """A curve that differs; None where a side does not have it. A metric that was logged once is no curve."""

    key: str
    left: Curve | None
    right: Curve | None

    def inverted(self) -> CurveChange:
        """The change back."""
        return CurveChange(self.key, self.right, self.left)

    @cached_property
    def alignment(self) -> Alignment | None:
        """The two step by step, read when it is first asked for; None where only one side has the curve."""
        return align(self.left.points(), self.right.points()) if self.left and self.right else None

    @property
    def is_aligned(self) -> bool:
        """Whether :attr:`alignment` was read."""
        return "alignment" in vars(self)

    def to_dict(self) -> dict[str, Any]:
        """The outline of each side that has it, and how they align; JSON-ready."""
        told: dict[str, Any] = {"key": self.key}
        told |= {side: curve.outline.to_dict() for side in ("left", "right") if (curve := getattr(self, side))}
        return told | ({"alignment": self.alignment.to_dict()} if self.alignment else {})


def curve_changes(left: Mapping[str, Curve], right: Mapping[str, Curve]) -> tuple[CurveChange, ...]:
    """The curves that differ, by name. The laws are those of :func:`~.changes.changes`."""
    doubtful = [key for key in left.keys() & right.keys() if left[key].outline == right[key].outline]
    prefetch([side[key] for key in doubtful for side in (left, right)], "digests")
    return tuple(
        CurveChange(key, left.get(key), right.get(key))
        for key in sorted({*left, *right})
        if not same(left.get(key), right.get(key))
    )


def prefetch(curves: Iterable[Curve], what: Literal["digests", "points"]) -> None:
    """Have many curves read what they will be asked for, in one question to each store instead of one per curve."""
    groups: dict[int, list[Curve]] = {}
    for curve in curves:
        groups.setdefault(id(curve.shelf), []).append(curve)
    for group in groups.values():
        if group[0].shelf is not None:
            group[0].shelf.prefetch(group, what)


def apply_curves(left: Mapping[str, Curve], found: Iterable[CurveChange]) -> dict[str, Curve]:
    """The curves of the right side, given those of the left one.

    Raises
    ------
    DataError
        The changes are not of these curves.
    """
    curves = dict(left)
    for change in found:
        if not same(curves.pop(change.key, None), change.left):
            raise DataError(
                f"the difference is of another curve of {change.key!r}",
                hint="Apply it to its left side, or its inverse to its right side",
            )
        if change.right is not None:
            curves[change.key] = change.right
    return curves


def invert_curves(found: Iterable[CurveChange]) -> tuple[CurveChange, ...]:
    """The changes back."""
    return tuple(change.inverted() for change in found)


def align(left: Points, right: Points) -> Alignment:
    """Compare two curves step by step; of several values at one step the last counts.

    >>> import numpy
    >>> align((numpy.arange(3.0), numpy.array([1.0, 2.0, 3.0])), (numpy.arange(4.0), numpy.array([1.0, 2.5, 3.0, 4.0])))
    Alignment(both=3, only_left=0, only_right=1, parts_at=1, distance=0.5)
    """
    import numpy

    (steps, values), (others, after) = _last_of_each(left), _last_of_each(right)
    common, here, there = numpy.intersect1d(steps, others, assume_unique=True, return_indices=True)
    before, after = values[here], after[there]
    differs = (before != after) & ~(numpy.isnan(before) & numpy.isnan(after))
    with numpy.errstate(invalid="ignore", over="ignore"):
        gaps = numpy.abs(before - after)
    finite = gaps[numpy.isfinite(gaps)]
    return Alignment(
        both=len(common), only_left=len(steps) - len(common), only_right=len(others) - len(common),
        parts_at=int(common[differs][0]) if differs.any() else None,
        distance=float(finite.max()) if len(finite) else None,
    )


def continued(steps: NDArray[numpy.float64]) -> NDArray[numpy.float64]:
    """Steps in order, those that are NaN at the end replaced by what comes after the last one."""
    import numpy

    known = len(steps) - int(numpy.isnan(steps).sum())
    if known == len(steps):
        return steps
    first = steps[known - 1] + 1 if known else 0.0
    return numpy.append(steps[:known], first + numpy.arange(len(steps) - known))


def _last_of_each(points: Points) -> Points:
    import numpy

    steps, values = points
    if (steps[1:] > steps[:-1]).all():
        return points
    order = numpy.argsort(steps, kind="stable")
    steps, values = steps[order], values[order]
    is_last = numpy.append(steps[1:] != steps[:-1], True) if len(steps) else numpy.zeros(0, bool)
    return steps[is_last], values[is_last]
