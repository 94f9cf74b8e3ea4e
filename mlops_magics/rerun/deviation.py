"""Where two executions of the same cells went apart: in data, parameters and metrics."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from mlops_magics.records import encode, plain
from mlops_magics.rerun.facts import Facts, Kind, Point

ORDER: tuple[Kind, ...] = ("data", "param", "metric")
"""What comes first within a cell: other data make other metrics, never the other way round."""


@dataclass(frozen=True, slots=True)
class Deviation:
    """One name whose values are not the same.

    Attributes
    ----------
    kind, key
        ``data`` and the role of a table; ``param`` or ``metric`` and its name.
    original, replayed
        The last values; None on the side that has none. Of a table the fingerprint.
    cell
        The position of the original's cell in which it first differs; None where that is not known.
    step
        The first step of a curve that differs.
    """

    kind: Kind
    key: str
    original: Any
    replayed: Any
    cell: int | None = None
    step: int | None = None

    @property
    def is_last_equal(self) -> bool:
        """Whether only the way there differs, as of a curve that ends at the same value."""
        return encode(self.original) == encode(self.replayed)

    def to_dict(self) -> dict[str, Any]:
        """The fields by name, JSON-ready."""
        names = ("kind", "key", "original", "replayed", "cell", "step")
        return {name: plain(getattr(self, name)) for name in names}


def deviations(
    original: Facts,
    replayed: Facts,
    *,
    tolerance: float = 0.0,
    positions: Sequence[int | None] = (),
    skipped: frozenset[int] = frozenset(),
) -> tuple[Deviation, ...]:
    """Everything that differs, in the order in which it went apart: by cell, in a cell data first, then parameters.

    Laws: none for equal facts; swapping the sides swaps ``original`` and ``replayed``; a greater tolerance never finds
    more.

    Parameters
    ----------
    original, replayed
        What the run recorded, and what its replay did.
    tolerance
        Two numbers of a metric are the same when they differ by at most this share of the larger one. NaN is the same
        as NaN, an infinity as itself. Parameters and data are the same or not.
    positions
        The position of the original's cell for each cell of ``replayed.began``.
    skipped
        Positions of the original's cells that were not executed again: what only they recorded is not missed, unless
        it was the last word.
    """

    def is_same(left: Any, right: Any) -> bool:
        return close(left, right, tolerance)

    found = []
    for name in sorted({*original.series, *replayed.series}):
        first, second = original.series.get(name, ()), replayed.series.get(name, ())
        kept = [point for point in first if original.cell_at(point.time) not in skipped] if skipped else first
        same = is_same if name[0] == "metric" else equal
        apart = _apart([*_steps(kept, second), *_sequence(name[0], kept, second)], same) or _ends(first, second, same)
        if apart:
            left, right = apart
            found.append(
                Deviation(
                    kind=name[0],
                    key=name[1],
                    original=first[-1].value if first else None,
                    replayed=second[-1].value if second else None,
                    cell=_cell(left, right, original, replayed, positions),
                    step=(left or right or Point(None, None)).step,  # type: ignore[arg-type]
                )
            )
    unknown = math.inf
    return tuple(
        sorted(found, key=lambda one: (unknown if one.cell is None else one.cell, ORDER.index(one.kind), one.key))
    )


Same = Callable[[Any, Any], bool]
Apart = tuple[Point | None, Point | None]


def _apart(pairs: Iterable[Apart], is_same: Same) -> Apart | None:
    """The first two points that differ, one of them None where a side has no more; None when nothing does."""
    for left, right in pairs:
        if left is None or right is None or not is_same(left.value, right.value):
            return left, right
    return None


def _ends(first: Sequence[Point], second: Sequence[Point], is_same: Same) -> Apart | None:
    """The last points where they differ: what a cell that is left out said last is what the run says."""
    return _apart([(first[-1] if first else None, second[-1] if second else None)], is_same)


def _steps(first: Iterable[Point], second: Iterable[Point]) -> list[Apart]:
    """A curve: the last value of every step, as often as it was logged."""
    left, right = ({point.step: point for point in points if point.step is not None} for points in (first, second))
    return [(left.get(step), right.get(step)) for step in sorted({*left, *right})]


def _sequence(kind: Kind, first: Iterable[Point], second: Iterable[Point]) -> list[Apart]:
    """What has no step, in the order it was recorded. A parameter or a table that is said again is no news."""
    left, right = ([point for point in points if point.step is None] for points in (first, second))
    if kind != "metric":
        left, right = _news(left), _news(right)
    length = max(len(left), len(right))
    return list(zip(_filled(left, length), _filled(right, length), strict=True))


def _filled(points: list[Point], length: int) -> list[Point | None]:
    return [*points, *[None] * (length - len(points))]


def _news(points: Sequence[Point]) -> list[Point]:
    return [
        point for place, point in enumerate(points) if place == 0 or not equal(point.value, points[place - 1].value)
    ]


def _cell(
    left: Point | None, right: Point | None, original: Facts, replayed: Facts, positions: Sequence[int | None]
) -> int | None:
    """What is recorded in the background may be late on either side: the earlier cell is the right one."""
    known = [] if left is None else [original.cell_at(left.time)]
    if right is not None and (place := replayed.cell_at(right.time)) is not None and place < len(positions):
        known.append(positions[place])
    return min((cell for cell in known if cell is not None), default=None)


def equal(left: Any, right: Any) -> bool:
    """Whether two recorded values are the same: True is not 1, NaN is itself, 1 is 1.0.

    >>> equal([1, float("nan")], [1, float("nan")]), equal(True, 1), equal(1, 1.0)
    (True, False, True)
    """
    numbers = isinstance(left, int | float) and isinstance(right, int | float)
    if numbers and not isinstance(left, bool) and not isinstance(right, bool) and left == right:
        return True
    return encode(left) == encode(right)


def close(left: float, right: float, tolerance: float) -> bool:
    """Whether two numbers differ by at most ``tolerance`` of the larger one in magnitude.

    >>> close(0.7, 0.7000001, 1e-6), close(0.7, 0.7000001, 0.0), close(float("nan"), float("nan"), 0.0)
    (True, False, True)
    """
    if math.isnan(left) or math.isnan(right):
        return math.isnan(left) and math.isnan(right)
    return math.isclose(left, right, rel_tol=tolerance, abs_tol=0.0)
