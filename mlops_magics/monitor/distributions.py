"""What two distributions look like over each other: densities of numbers and times, shares of levels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import isfinite

from mlops_magics.data.bins import Bins
from mlops_magics.look import Chart, Series

MOST_BARS = 12

NARROWEST = 40
"""A bar is at least so large a part of what is drawn. A single value that many rows have would else be a spike beside
which nothing else has a height."""

LONGEST_TAIL = 0.5
"""An open bin is drawn to the outermost value, but not further than so large a part of what lies between the open ones,
or than the widest of those: one stray value would else squeeze all others into a corner."""

DAY, HOUR = 86_400.0, 3_600.0


def overlaid(column: str, bins: Bins, names: Sequence[str]) -> Chart:
    """Both sides of some bins over each other.

    Numbers are drawn as densities, the share of the values of a side per unit: their bins hold about the same shares
    and are as wide as that takes, so that shares would hide the shape. Times are counted in days or hours.
    """
    sides = zip(names, (bins.reference, bins.current), strict=True)
    if bins.labels:
        shown = bins.labels[:MOST_BARS]
        levels = [Series(name, shown, _shares(counts)[:MOST_BARS]) for name, counts in sides]
        return Chart("bars", tuple(levels), y_label="share of values", title=column)
    edges, unit, x_label = _placed(_closed(bins), is_time=bins.is_time)
    kept = list(_wide_enough(edges))
    widths = [edges[end] - edges[start] for start, end in pairwise(kept)]
    series = []
    for name, counts in sides:
        below = list(accumulate(_shares(counts), initial=0.0))
        shares = [below[end] - below[start] for start, end in pairwise(kept)]
        heights = [share / width for share, width in zip(shares, widths, strict=True)]
        series.append(Series(name, [edges[at] for at in kept], heights))
    return Chart("bars", tuple(series), x_label, f"density: share of values per {unit}", title=column)


def _shares(counts: Sequence[int]) -> list[float]:
    return [count / max(sum(counts), 1) for count in counts]


def _closed(bins: Bins) -> list[float]:
    """The edges, open ones replaced by where the values end."""
    inner = [edge for edge in bins.edges if isfinite(edge)]
    low, high = bins.ends
    if inner:
        widest = max((end - start for start, end in pairwise(inner)), default=0.0)
        room = max((inner[-1] - inner[0]) * LONGEST_TAIL, widest) or high - low
        low, high = max(low, inner[0] - room), min(high, inner[-1] + room)
        # What no side has a value in has no width of its own.
        low, high = min(low, inner[0]), max(high, inner[-1])
    edges = [edge if isfinite(edge) else low if edge < 0 else high for edge in bins.edges]
    if edges[-1] > edges[0]:
        return edges
    # All values are one: as wide as anything.
    return [edges[0] + position / (len(edges) - 1) for position in range(len(edges))]


def _placed(edges: list[float], *, is_time: bool) -> tuple[list[float], str, str]:
    """Positions on the axis, their unit, and what the axis is called."""
    if not is_time:
        return edges, "unit", ""
    unit, size = ("day", DAY) if edges[-1] - edges[0] >= 3 * DAY else ("hour", HOUR)
    start = edges[0] // size * size
    begin = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=start)
    name = begin.strftime("%Y-%m-%d" if unit == "day" else "%Y-%m-%d %H:%M")
    return [(edge - start) / size for edge in edges], unit, f"{unit}s from {name}"


def _wide_enough(edges: Sequence[float]) -> Iterator[int]:
    """Positions of the edges to draw at: bins too narrow are drawn with the next ones, the last with those before."""
    least = (edges[-1] - edges[0]) / NARROWEST * (1 - 1e-9)
    drawn = 0
    yield drawn
    for position in range(1, len(edges) - 1):
        if edges[position] - edges[drawn] >= least and edges[-1] - edges[position] >= least:
            drawn = position
            yield drawn
    yield len(edges) - 1
