"""Thousands of points as the few that a picture can show."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

Point = tuple[float, float]


def pieces(points: Iterable[Point]) -> Iterator[list[Point]]:
    """The unbroken pieces of a line: a point with NaN or infinity ends one."""
    for is_drawn, run in groupby(points, key=lambda point: math.isfinite(point[0]) and math.isfinite(point[1])):
        if is_drawn:
            yield list(run)


def per_column(points: Sequence[Point], *, limit: int) -> list[Point]:
    """The points in their order, reduced to first, lowest, highest and last of each pixel column.

    Points are in pixels. Nothing changes while there are at most ``limit`` of them; afterwards no extreme is lost
    by more than the pixel it falls into.
    """
    if len(points) <= limit:
        return list(points)
    kept: list[Point] = []
    for _, run in groupby(points, key=lambda point: math.floor(point[0])):
        column = list(run)
        heights = [point[1] for point in column]
        chosen = {0, heights.index(min(heights)), heights.index(max(heights)), len(column) - 1}
        kept.extend(column[index] for index in sorted(chosen))
    return kept


def means(values: Sequence[float], *, cells: int) -> list[float]:
    """At most so many values, each the mean of the finite ones it stands for, NaN where there are none."""
    if len(values) <= cells:
        return list(values)
    ends = [round(index * len(values) / cells) for index in range(cells + 1)]
    return [_mean([value for value in values[start:end] if math.isfinite(value)]) for start, end in pairwise(ends)]


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else math.nan
