"""The bins two profiles are compared in: as many as the rows can fill, whichever side they are on."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, pairwise
from math import inf
from typing import Any

from mlops_magics.data.grid import Grid
from mlops_magics.data.profile import MOST_STRAYS, ColumnProfile

FEWEST_EXPECTED = 5
"""Rows a bin should expect on the smaller side, as chi-square and the noise floor need."""

OTHERS = "all others"

HEAVY = 0.05
"""Share of a side from which on a bin is not divided by an estimate."""


@dataclass(frozen=True, slots=True)
class Bins:
    """Counts of two sides in the same bins. ``edges`` has one more entry than there are bins, infinite outside, for
    numbers and times, and ``ends`` are the least and the greatest value of both sides; levels have ``labels`` instead.
    """

    reference: tuple[int, ...]
    current: tuple[int, ...]
    edges: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    is_time: bool = False
    ends: tuple[float, float] = (0.0, 0.0)

    def __len__(self) -> int:
        return len(self.reference)

    def label(self, first: int, last: int) -> str:
        """The bins ``first`` to ``last`` in words."""
        if self.labels:
            return self.labels[first]
        low, high = (as_text(edge, is_time=self.is_time) for edge in (self.edges[first], self.edges[last + 1]))
        if self.edges[first] == -inf:
            return f"below {high}"
        if self.edges[last + 1] == inf:
            return f"{low} and above"
        return low if low == high else f"{low} to {high}"

    def movers(self, most: int = 2) -> list[tuple[str, float, float]]:
        """The runs of neighbouring bins, or the levels, that moved most: label, share before, share now."""
        n, m = max(sum(self.reference), 1), max(sum(self.current), 1)
        moves = [right / m - left / n for left, right in zip(self.reference, self.current, strict=True)]
        runs: list[list[int]] = []
        for index, move in enumerate(moves):
            if not move:
                continue
            if runs and not self.labels and runs[-1][1] == index - 1 and (moves[index - 1] > 0) == (move > 0):
                runs[-1][1] = index
            else:
                runs.append([index, index])
        runs.sort(key=lambda run: -abs(sum(moves[run[0] : run[1] + 1])))
        return [
            (self.label(first, last), sum(self.reference[first : last + 1]) / n,
             sum(self.current[first : last + 1]) / m)
            for first, last in runs[:most]
        ]

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready."""
        told = {"reference": list(self.reference), "current": list(self.current)}
        return told | ({"labels": list(self.labels)} if self.labels else {"edges": list(self.edges)})


def as_text(value: float, *, is_time: bool) -> str:
    """A number in few digits, or seconds since 1970 as a date or a minute in UTC."""
    if not is_time:
        return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"
    try:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=value)
    except OverflowError:
        return f"{value:g} s"
    return moment.strftime("%Y-%m-%d" if value % 86_400 == 0 else "%Y-%m-%d %H:%M")


def common_bins(reference: ColumnProfile, current: ColumnProfile, *, most: int = 64) -> Bins:
    """The counts of two profiles in common bins, at most ``most``, none expecting fewer than five rows.

    The number of bins grows with the smaller side as 2 n^(2/5): 13 at a hundred rows, 32 at a thousand, 64 from six
    thousand on. Bins are pooled by the rows of both sides together, so that under no drift the choice of bins is
    independent of how far the sides are apart. Neighbours are pooled for numbers, the rarest for levels.
    """
    n, m = reference.values, current.values
    smaller = min(n, m)
    wanted = max(min(round(2 * smaller**0.4), most), 2)
    least = FEWEST_EXPECTED * (n + m) / max(smaller, 1)
    if reference.levels is not None:
        return _level_bins(reference, current, wanted=wanted, least=least)
    assert reference.grid is not None
    edges = (-inf, *inner_edges(reference.grid), inf)
    groups = _runs([a + b for a, b in zip(reference.counts, current.counts, strict=True)], wanted, least)
    return Bins(
        tuple(sum(reference.counts[first:end]) for first, end in groups),
        tuple(sum(current.counts[first:end]) for first, end in groups),
        edges=(*(edges[first] for first, _ in groups), inf), is_time=reference.family == "time",
        ends=_ends(reference, current),
    )


def _ends(*sides: ColumnProfile) -> tuple[float, float]:
    """The least value of all, and where the greatest ends: a whole number takes the room up to the next one."""
    lows = [side.minimum for side in sides if side.minimum is not None]
    highs = [side.maximum for side in sides if side.maximum is not None]
    is_whole = all(side.grid is not None and side.grid.inverse_width == 1.0 for side in sides)
    return min(lows, default=0.0), max(highs, default=0.0) + is_whole


def _runs(pooled: Sequence[int], wanted: int, least: float) -> list[tuple[int, int]]:
    runs: list[tuple[int, int]] = []
    start, held, rest = 0, 0, sum(pooled)
    for index, count in enumerate(pooled):
        # A share of what is left, so that one heavy value does not widen all the bins after it.
        held += count
        share = max(rest / max(wanted - len(runs), 1), least)
        if held >= share * (1 - 1e-9) and held:
            runs.append((start, index + 1))
            start, rest, held = index + 1, rest - held, 0
    if start < len(pooled):
        if held and (held >= least or not runs):
            runs.append((start, len(pooled)))
        else:
            runs[-1:] = [(runs[-1][0] if runs else 0, len(pooled))]
    return runs


def _level_bins(reference: ColumnProfile, current: ColumnProfile, *, wanted: int, least: float) -> Bins:
    sides = _known_levels(reference, current)
    pooled = {level: sides[0].get(level, 0) + sides[1].get(level, 0) for level in {**sides[0], **sides[1]}}
    ranked = sorted(pooled, key=lambda level: -pooled[level])
    kept = [level for level in ranked[: wanted - 1] if pooled[level] >= least]
    rest = [profile.values - sum(side.get(level, 0) for level in kept)
            for profile, side in zip((reference, current), sides, strict=True)]
    if kept and 0 < sum(rest) < least:
        last = kept.pop()
        rest = [count + side.get(last, 0) for count, side in zip(rest, sides, strict=True)]
    counts = [[*(side.get(level, 0) for level in kept), count] for side, count in zip(sides, rest, strict=True)]
    labels = (*map(repr, kept), OTHERS)
    if not sum(rest):
        counts, labels = [side[:-1] for side in counts], labels[:-1]
    return Bins(tuple(counts[0]), tuple(counts[1]), labels=labels)


def _known_levels(reference: ColumnProfile, current: ColumnProfile) -> list[Mapping[str, int]]:
    """Levels with a count on each side; strays are named only when both sides kept all of theirs."""
    sides: list[Mapping[str, int]] = [reference.levels or {}, current.levels or {}]
    strays = (reference.strays, current.strays)
    if all(len(side) < MOST_STRAYS for side in strays):
        return [{**levels, **stray} for levels, stray in zip(sides, strays, strict=True)]
    return sides


def estimated_bins(reference: ColumnProfile, current: ColumnProfile, *, most: int = 20) -> Bins | None:
    """About the counts of two profiles in common bins, where each was counted in bins of its own.

    Within a bin, rows are taken to lie evenly, except that no bin is divided that holds more than a twentieth of its
    side: a single value may hold it all. Whole numbers that were counted one by one are exact. None where too few edges
    are left.
    """
    sides = (reference, current)
    assert reference.grid is not None
    assert current.grid is not None
    exact = reference.grid.is_one_cell_per_bin and current.grid.is_one_cell_per_bin
    cumulated = [_cumulated(side) for side in sides]
    edges = sorted({edge for known, _ in cumulated for edge in known})
    edges = [edge for edge in edges if exact or not any(_is_inside_heavy(edge, *side) for side in cumulated)]
    shares = [[_share_below(edge, *side) for edge in edges] for side in cumulated]
    chosen = _spread([sum(pair) / 2 for pair in zip(*shares, strict=True)], most)
    if len(chosen) < 3:
        return None
    counts = [
        tuple(round((side[end] - side[start]) * profile.values) for start, end in pairwise(chosen))
        for side, profile in zip(shares, sides, strict=True)
    ]
    return Bins(
        counts[0], counts[1], edges=tuple(edges[at] for at in chosen), is_time=reference.family == "time",
        ends=_ends(reference, current),
    )


def inner_edges(grid: Grid) -> list[float]:
    """The edges of a grid. Of whole numbers its last one is the greatest number, which is inside."""
    edges = list(grid.edges)
    edges[-1] += grid.inverse_width == 1.0
    return edges


def _cumulated(profile: ColumnProfile) -> tuple[list[float], list[float]]:
    """Edges from the least to just above the greatest value, and the share of rows below each."""
    assert profile.grid is not None
    assert profile.minimum is not None
    assert profile.maximum is not None
    inner = inner_edges(profile.grid)
    edges = [min(profile.minimum, inner[0]), *inner, max(profile.maximum, inner[-1])]
    below = list(accumulate(profile.counts, initial=0))
    return edges, [count / profile.values for count in below]


def _share_below(edge: float, edges: Sequence[float], shares: Sequence[float]) -> float:
    at = bisect_right(edges, edge)
    if at in {0, len(edges)}:
        return 0.0 if at == 0 else 1.0
    low, high = edges[at - 1], edges[at]
    part = (edge - low) / (high - low) if high > low else 1.0
    return shares[at - 1] + part * (shares[at] - shares[at - 1])


def _is_inside_heavy(edge: float, edges: Sequence[float], shares: Sequence[float]) -> bool:
    at = bisect_right(edges, edge)
    if at in {0, len(edges)} or edge == edges[at - 1]:
        return False
    return shares[at] - shares[at - 1] > HEAVY


def _spread(shares: Sequence[float], most: int) -> list[int]:
    """Positions of edges between which the shares are about the same, the first and the last one among them."""
    chosen = [0] if shares else []
    for position, share in enumerate(shares):
        left = 1 - shares[chosen[-1]]
        if share < 1 and share - shares[chosen[-1]] >= left / max(most - len(chosen) + 1, 1) - 1e-12:
            chosen.append(position)
    if shares and chosen[-1] != len(shares) - 1:
        chosen.append(len(shares) - 1)
    return chosen
